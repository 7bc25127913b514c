import { posix } from 'node:path';
import type { ComposeConfig } from '../docker/compose.js';
import { withScratch } from '../docker/scratch.js';
import { runTool, type ToolContainer, type ToolResult } from '../docker/tool-container.js';
import type { Host } from '../hosts/host.js';
import { changedParts } from '../model/database.js';
import { sqliteSettings, type MigrateSettings, type Settings } from '../model/settings.js';
import type { Slot } from '../model/slot.js';
import { findVolume, sqliteOf, type DatabaseOptions } from './database-of.js';
import { migrationContainer } from './rehearsal-container.js';
import type { CopyFacts, CopyPlace, SqliteDatabase } from './sqlite.js';
import { ToolError } from './tool-error.js';

export interface RehearsalRequest {
  readonly slot: Slot;
  readonly image: string;
  readonly timestamp: string;
  /** The project as it is when the release is in its slot. */
  readonly config: ComposeConfig;
  /** Whose it is: one of a deploy and one of a plan do not meet. Default: a deploy's. */
  readonly purpose?: 'rehearsal' | 'planned-rehearsal';
}

/** What the migrations did to the copy. */
export interface Rehearsed {
  readonly migrates: boolean;
  readonly tookMs: number;
  readonly bytes: number;
  readonly predictedMs: number;
  /** The last lines that they wrote, unredacted. */
  readonly lines: readonly string[];
}

/** The migrations failed, cannot be tried, or left the copy in a state that the database must not get into. */
export class RehearsalError extends Error {
  override readonly name = 'RehearsalError';
  /** The last lines that they wrote, unredacted. */
  readonly lines: readonly string[];

  constructor(reason: string, lines: readonly string[]) {
    super(reason);
    this.lines = lines;
  }
}

const scratchRoot = '/pointsman-scratch';

/** Of each output: far more than is shown, and nothing against a worker's memory. */
const keepCharacters = 256_000;

interface Stage {
  readonly host: Host;
  readonly database: SqliteDatabase;
  readonly place: CopyPlace;
  readonly timestamp: string;
  /** All of the container but its name. */
  readonly container: Omit<ToolContainer, 'name'>;
  readonly migrate: MigrateSettings;
  readonly signal: AbortSignal | undefined;
}

/**
 * Runs the migrations in the release's image on a fresh copy of the live database; `null` when there is none yet.
 * What a killed attempt left is removed first, and nothing is left after.
 *
 * @throws {RehearsalError} when they fail, take too long, or damage the copy, or when no copy can be made.
 */
export async function rehearse(
  host: Host,
  settings: Settings,
  request: RehearsalRequest,
  options: DatabaseOptions = {},
): Promise<Rehearsed | null> {
  const database = sqliteSettings(settings);
  const migrate = database?.migrate;
  const volume = database && (await findVolume(host, settings, database));
  if (!migrate || !volume) return null;
  const { purpose = 'rehearsal' } = request;
  return withScratch(host.docker, settings, purpose, async ({ name, labels }) => {
    const scratch = { name, target: scratchRoot, labels };
    const tool = await sqliteOf(host, settings, { ...options, scratch });
    if (!tool) return null;
    const { config, slot, image, timestamp } = request;
    const service = config.services[settings.slots[slot]] ?? {};
    const container = migrationContainer({ config, service, image, migrate, volume, scratch: name, labels });
    const place = { root: scratchRoot, copy: posix.join(scratchRoot, posix.relative(volume.target, database.path)) };
    return onCopy({ host, database: tool, place, timestamp, container, migrate, signal: options.signal });
  });
}

async function onCopy(stage: Stage): Promise<Rehearsed | null> {
  const { database, place, timestamp } = stage;
  const before = await orRefused('no copy can be made', [], () => database.copyForRehearsal(place, timestamp));
  if (!before) return null;
  const first = await migrateOnce(stage, 'first');
  const lines = linesOf(first);
  const after = await orRefused('the migration leaves no sound database', lines, () =>
    database.judgeCopy(place, timestamp),
  );
  requireSound(before, after, lines);
  const migrates = changedParts(before.fingerprint, after.fingerprint).length > 0;
  const outcome = { migrates, tookMs: first.durationMs, bytes: after.bytes, lines };
  if (!migrates) return { ...outcome, predictedMs: 0 };
  // As the next start of a slot does. What the second run takes is not the migration: a process that starts and looks.
  const second = await migrateOnce(stage, 'second');
  return { ...outcome, predictedMs: Math.max(0, first.durationMs - second.durationMs) };
}

/** A lock may be gone at the next attempt, and an accident may pass; nothing else of what the tool says does. */
async function orRefused<Result>(what: string, lines: readonly string[], look: () => Promise<Result>): Promise<Result> {
  try {
    return await look();
  } catch (error) {
    const passing = !(error instanceof ToolError) || error.failure === 'busy' || error.failure === 'bug';
    throw passing ? error : new RehearsalError(`${what}: ${error.message}`, lines);
  }
}

async function migrateOnce(stage: Stage, time: 'first' | 'second'): Promise<ToolResult> {
  const { container, migrate } = stage;
  const result = await runMigration(stage, time);
  if (result.exitCode === 0) return result;
  const lines = linesOf(result);
  const last = lines.at(-1)?.trim();
  const again = time === 'second' ? ' when it was run a second time, as the next start of a slot does' : '';
  throw new RehearsalError(
    `the migration ${wayItEnded(result, migrate, container)}${again}${last ? `: ${last}` : ''}`,
    lines,
  );
}

function runMigration({ host, container, migrate, signal }: Stage, time: 'first' | 'second'): Promise<ToolResult> {
  const tool = { ...container, name: `${container.volumes[0]?.name ?? ''}-${time}` };
  const options = { timeoutMs: migrate.timeoutMs, keepCharacters, ...(signal ? { signal } : {}) };
  return runTool(host.docker, tool, options).catch((error: unknown) => {
    throw notStarted(error) && !signal?.aborted
      ? new RehearsalError(`the migration cannot be run: ${(error as Error).message}`, [])
      : error;
  });
}

function wayItEnded(
  { exitCode, timedOut, outOfMemory }: ToolResult,
  { timeoutMs }: MigrateSettings,
  { limits }: Omit<ToolContainer, 'name'>,
): string {
  if (timedOut) return `did not end within ${timeoutMs / 1000} s (database.rehearsal.timeout)`;
  if (!outOfMemory) return `exited with code ${exitCode}`;
  return `was killed: out of memory${limits?.memoryBytes ? ` (the slot's limit is ${limits.memoryBytes} bytes)` : ''}`;
}

/** Docker refuses a command that is not in the image, or a user that is not known there. */
function notStarted(error: unknown): boolean {
  const { statusCode } = error as { statusCode?: number };
  return statusCode === 400 || statusCode === 404;
}

function requireSound(before: CopyFacts, after: CopyFacts, lines: readonly string[]): void {
  if (after.problem) throw new RehearsalError(`the migration damages the database: ${after.problem}`, lines);
  // Where they cannot be checked now already, the app lives with it.
  if (before.violations === null) return;
  if (after.violations === null) {
    throw new RehearsalError(
      'the migration leaves foreign keys that SQLite cannot check (foreign key mismatch)',
      lines,
    );
  }
  if (after.violations <= before.violations) return;
  const more = after.violations - before.violations;
  throw new RehearsalError(`the migration leaves ${more} rows that refer to none (PRAGMA foreign_key_check)`, lines);
}

function linesOf({ stdout, stderr }: ToolResult): string[] {
  return `${stdout}\n${stderr}`.split('\n').filter((line) => line.trim() !== '');
}
