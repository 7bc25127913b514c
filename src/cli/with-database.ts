import type { Database } from '../database/database.js';
import { databaseOf, hasTool } from '../database/database-of.js';
import { ToolError } from '../database/tool-error.js';
import { settingsOn } from '../docker/project-directory.js';
import { CommandError } from '../hosts/command-error.js';
import type { Host } from '../hosts/host.js';
import type { Settings } from '../model/settings.js';
import { Exit, exitCodes } from './exit-codes.js';
import { untilInterrupted } from './interrupted.js';
import type { PlaceOptions, Session } from './session.js';
import { settledSettings } from './ship.js';

/** A project's database as this command reaches it. */
export interface ReachedDatabase {
  readonly host: Host;
  /** As the worker needs them. */
  readonly settings: Settings;
  readonly database: Database;
}

/**
 * Lets a command look at the database; Ctrl-C ends what it has started there.
 *
 * @throws {Exit} `usage` when none is configured; `refused` when it, or what looks at it, is not there.
 */
export async function withDatabase<Result>(
  session: Session,
  options: PlaceOptions,
  act: (reached: ReachedDatabase) => Promise<Result>,
): Promise<Result> {
  const settings = await session.settings(options);
  if (!settings.database)
    throw new Exit(exitCodes.usage, 'pointsman.yml has no database: there is nothing to back up.');
  try {
    return await untilInterrupted(async (signal) => act(await reach(session, settings, signal)));
  } catch (error) {
    throw explained(error);
  }
}

async function reach(session: Session, settings: Settings, signal: AbortSignal): Promise<ReachedDatabase> {
  const host = await session.host(settings);
  const settled = await settledSettings(session, settings);
  const there = settingsOn(host, settled);
  if (settings.database?.kind !== 'postgres' && !(await hasTool(host, there))) {
    const { toolImage } = there;
    throw new Exit(
      exitCodes.refused,
      `The image ${toolImage}, in which the database is looked at, is not on ${host.name}: docker pull ${toolImage}`,
    );
  }
  const database = await databaseOf(host, there, { signal });
  if (database) return { host, settings: settled, database };
  throw new Exit(exitCodes.refused, `${nameOf(settings)} is not on ${host.name} yet.`);
}

function nameOf({ database }: Settings): string {
  if (database?.kind === 'postgres') return `The server ${database.service}`;
  return `The volume ${database?.volume}`;
}

function explained(error: unknown): unknown {
  if (error instanceof ToolError && error.failure !== 'bug') return new Exit(exitCodes.refused, error.message);
  if (!(error instanceof CommandError)) return error;
  const reason = error.result.stderr.trim().split('\n').at(-1) ?? '';
  return new Exit(exitCodes.refused, `Compose refuses the project: ${reason}`);
}
