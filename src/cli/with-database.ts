import { databaseOf, hasTool } from '../database/database-of.js';
import type { SqliteDatabase } from '../database/sqlite.js';
import { ToolError } from '../database/tool-error.js';
import { settingsOn } from '../docker/project-directory.js';
import { CommandError } from '../hosts/command-error.js';
import type { Host } from '../hosts/host.js';
import type { Settings } from '../model/settings.js';
import { Exit, exitCodes } from './exit-codes.js';
import type { PlaceOptions, Session } from './session.js';
import { settledSettings } from './ship.js';

/** A project's database as this command reaches it. */
export interface ReachedDatabase {
  readonly host: Host;
  /** As the worker needs them. */
  readonly settings: Settings;
  readonly database: SqliteDatabase;
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
  const interrupt = new AbortController();
  const stop = (): void => interrupt.abort();
  process.once('SIGINT', stop);
  try {
    return await act(await reach(session, settings, interrupt.signal));
  } catch (error) {
    if (interrupt.signal.aborted) throw new Exit(exitCodes.detached);
    throw explained(error);
  } finally {
    process.off('SIGINT', stop);
  }
}

async function reach(session: Session, settings: Settings, signal: AbortSignal): Promise<ReachedDatabase> {
  const host = await session.host(settings);
  const settled = settledSettings(session, settings);
  const there = settingsOn(host, settled);
  if (!(await hasTool(host, there))) {
    const { toolImage } = there;
    throw new Exit(
      exitCodes.refused,
      `The image ${toolImage}, in which the database is looked at, is not on ${host.name}: docker pull ${toolImage}`,
    );
  }
  const database = await databaseOf(host, there, { signal });
  if (database) return { host, settings: settled, database };
  throw new Exit(exitCodes.refused, `The volume ${settings.database?.volume} is not on ${host.name} yet.`);
}

function explained(error: unknown): unknown {
  if (error instanceof ToolError && error.failure !== 'bug') return new Exit(exitCodes.refused, error.message);
  if (!(error instanceof CommandError)) return error;
  const reason = error.result.stderr.trim().split('\n').at(-1) ?? '';
  return new Exit(exitCodes.refused, `Compose refuses the project: ${reason}`);
}
