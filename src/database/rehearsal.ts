import { posix } from 'node:path';
import { Compose, type ComposeConfig, type ComposeService } from '../docker/compose.js';
import { createScratch, removeScratch, scratchLabels } from '../docker/scratch.js';
import { bindsOf, environmentOf, networksOf } from '../docker/service-copy.js';
import { runTool, type ToolContainer, type ToolResult } from '../docker/tool-container.js';
import type { Host } from '../hosts/host.js';
import { changedParts } from '../model/database.js';
import type { MigrateSettings, Settings } from '../model/settings.js';
import type { Slot } from '../model/slot.js';
import { databaseOf, findVolume, type DatabaseOptions, type MountedVolume } from './database-of.js';
import type { CopyFacts, CopyPlace, SqliteDatabase } from './sqlite.js';

export interface RehearsalRequest {
  readonly slot: Slot;
  readonly image: string;
  readonly timestamp: string;
}

/** What the migrations did to the copy. */
export interface Rehearsed {
  readonly migrates: boolean;
  readonly tookMs: number;
  readonly bytes: number;
  readonly predictedMs: number;
  /** All that they wrote, unredacted. */
  readonly lines: readonly string[];
}

/** The migrations failed, or left the copy in a state that the database must not get into. */
export class RehearsalError extends Error {
  override readonly name = 'RehearsalError';
  /** All that they wrote, unredacted. */
  readonly lines: readonly string[];

  constructor(reason: string, lines: readonly string[]) {
    super(reason);
    this.lines = lines;
  }
}

const scratchRoot = '/pointsman-scratch';

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
 * @throws {RehearsalError} when they fail, take too long, or damage the copy.
 */
export async function rehearse(
  host: Host,
  settings: Settings,
  request: RehearsalRequest,
  options: DatabaseOptions = {},
): Promise<Rehearsed | null> {
  const { database } = settings;
  const migrate = database?.migrate;
  const volume = database && (await findVolume(host, settings, database));
  if (!migrate || !volume) return null;
  await removeScratch(host.docker, settings, 'rehearsal');
  const name = await createScratch(host.docker, settings, 'rehearsal');
  try {
    const labels = scratchLabels(settings, 'rehearsal');
    const tool = await databaseOf(host, settings, { ...options, scratch: { name, target: scratchRoot, labels } });
    if (!tool) return null;
    const config = await new Compose(host, settings).config();
    const service = config.services[settings.slots[request.slot]] ?? {};
    const container = {
      ...containerOf(config, service, { ...volume, name }),
      ...{ image: request.image, argv: migrate.command as [string, ...string[]], labels },
      ...(migrate.network ? { networks: networksOf(config, service) } : {}),
    };
    const place = { root: scratchRoot, copy: posix.join(scratchRoot, posix.relative(volume.target, database.path)) };
    const stage = { host, database: tool, place, timestamp: request.timestamp, container, migrate };
    return await onCopy({ ...stage, signal: options.signal });
  } finally {
    await removeScratch(host.docker, settings, 'rehearsal');
  }
}

async function onCopy(stage: Stage): Promise<Rehearsed | null> {
  const { database, place, timestamp } = stage;
  const before = await database.copyForRehearsal(place, timestamp);
  if (!before) return null;
  const first = await migrateOnce(stage, 'first');
  const lines = linesOf(first);
  const after = await database.judgeCopy(place, timestamp);
  requireSound(before, after, lines);
  const migrates = changedParts(before.fingerprint, after.fingerprint).length > 0;
  const outcome = { migrates, tookMs: first.durationMs, bytes: after.bytes, lines };
  if (!migrates) return { ...outcome, predictedMs: 0 };
  // As the next start of a slot does. What the second run takes is not the migration: a process that starts and looks.
  const second = await migrateOnce(stage, 'second');
  return { ...outcome, predictedMs: Math.max(0, first.durationMs - second.durationMs) };
}

async function migrateOnce({ host, container, migrate, signal }: Stage, time: 'first' | 'second'): Promise<ToolResult> {
  const { name: scratch } = container.volumes[0] ?? { name: '' };
  const limit = AbortSignal.timeout(migrate.timeoutMs);
  const again = time === 'second' ? ' when it was run a second time, as the next start of a slot does' : '';
  let result: ToolResult;
  try {
    const tool = { ...container, name: `${scratch}-${time}` };
    result = await runTool(host.docker, tool, { signal: signal ? AbortSignal.any([signal, limit]) : limit });
  } catch (error) {
    if (signal?.aborted) throw error;
    if (limit.aborted) {
      const words = `did not end within ${migrate.timeoutMs / 1000} s (database.rehearsal.timeout)`;
      throw new RehearsalError(`the migration ${words}${again}`, []);
    }
    throw notStarted(error)
      ? new RehearsalError(`the migration cannot be run: ${(error as Error).message}`, [])
      : error;
  }
  if (result.exitCode === 0) return result;
  const lines = linesOf(result);
  const last = lines.findLast((line) => line.trim() !== '')?.trim();
  const reason = `the migration exited with code ${result.exitCode}${again}${last ? `: ${last}` : ''}`;
  throw new RehearsalError(reason, lines);
}

/** Docker refuses a command that is not in the image, or a user that is not known there. */
function notStarted(error: unknown): boolean {
  const { statusCode } = error as { statusCode?: number };
  return statusCode === 400 || statusCode === 404;
}

function requireSound(before: CopyFacts, after: CopyFacts, lines: readonly string[]): void {
  if (after.problem) throw new RehearsalError(`the migration damages the database: ${after.problem}`, lines);
  if (after.violations <= before.violations) return;
  const more = after.violations - before.violations;
  throw new RehearsalError(`the migration leaves ${more} rows that refer to none (PRAGMA foreign_key_check)`, lines);
}

/** The slot as Compose would start it, with the copy in place of the database and none of its other volumes. */
function containerOf(
  config: ComposeConfig,
  service: ComposeService,
  volume: MountedVolume,
): Pick<ToolContainer, 'volumes' | 'environment' | 'user' | 'binds' | 'workingDirectory'> {
  const { user, working_dir: workingDirectory } = service;
  return {
    volumes: [volume],
    environment: environmentOf(service),
    user: user ?? null,
    ...(workingDirectory === undefined ? {} : { workingDirectory }),
    binds: bindsOf(config, service),
  };
}

function linesOf({ stdout, stderr }: ToolResult): string[] {
  return `${stdout}\n${stderr}`.split('\n').filter((line) => line.trim() !== '');
}
