import { randomBytes } from 'node:crypto';
import { ConfigError } from '../config/problems.js';
import type { Project } from '../config/load.js';
import { runOver } from '../hosts/ssh/remote-command.js';
import { wrongClock } from '../model/clock.js';
import { timestampOf } from '../model/names.js';
import type { Settings } from '../model/settings.js';
import { packBundle, type Bundle } from '../shipping/bundle.js';
import { collectFiles } from '../shipping/collect.js';
import { envFile } from '../shipping/env-file.js';
import { placeBundle } from '../shipping/place.js';
import { registryLogin, type RegistryLogin } from '../shipping/registry-login.js';
import type { Received } from './commands/receive.js';
import { Exit, exitCodes } from './exit-codes.js';
import type { Session } from './session.js';

/** What a deploy to another machine takes along, beyond what `pointsman.yml` says. */
export interface ShipOptions {
  /** More variables for the `.env` there. */
  readonly env?: readonly string[];
  readonly registry?: string;
  readonly registryUser?: string;
  readonly registryPassword?: string;
}

/**
 * Settings as the worker needs them. Where the app runs on another machine, what the release needs is sent there first;
 * values of variables go into files there and nowhere else.
 *
 * @throws {ConfigError} when the project cannot be sent; {@link BundleError} when a file or a variable is missing.
 */
export async function shipRelease(
  session: Session,
  project: Project,
  release: string,
  options: ShipOptions,
): Promise<Settings> {
  const { settings, shipping } = project;
  const login = loginOf(options);
  const env = [...new Set([...shipping.env, ...(options.env ?? [])])];
  if (!isElsewhere(session, settings)) {
    if (login || options.env) {
      throw new Exit(exitCodes.usage, '--env and --registry are for another machine: name it with --via, or in hosts.');
    }
    return settings;
  }
  if (shipping.problems.length > 0) throw new ConfigError(shipping.problems);
  const files = await collectFiles(settings.directory, shipping.files);
  const base = files.find(({ path }) => path === settings.envFile);
  const added = [envFile(env, process.env, base), ...(login ? [registryLogin(login, process.env)] : [])];
  const kept = files.filter(({ path }) => path !== settings.envFile && path !== '.env');
  const id = `${timestampOf(Date.now())}-${randomBytes(3).toString('hex')}`;
  const label = { project: settings.project, environment: settings.environment, release, id };
  const directory = await send(session, settings, { label, files: [...kept, ...added] });
  return { ...settings, host: await session.hostOfWorker(settings), directory, envFile: '.env' };
}

/** Settings for what needs no files of its own: those of the live release are there already. */
export async function settledSettings(session: Session, settings: Settings): Promise<Settings> {
  if (!isElsewhere(session, settings)) return settings;
  return { ...settings, host: await session.hostOfWorker(settings), directory: 'current', envFile: '.env' };
}

/** The app runs on another machine than this one. */
export function isElsewhere(session: Session, { host }: Settings): boolean {
  return Boolean(host) || session.place.kind === 'tunnel';
}

async function send(session: Session, settings: Settings, bundle: Bundle): Promise<string> {
  const { place } = session;
  if (place.kind !== 'tunnel' || (await session.hostOfWorker(settings)) !== null) {
    return placeBundle(await session.host(settings), bundle);
  }
  // By its own command there: a key may be allowed this and nothing else.
  const connection = await session.connectionVia(place.via);
  const command = { argv: ['pointsman', 'receive'] as const, stdin: packBundle(bundle) };
  const { exitCode, stdout, stderr } = await runOver(connection, command, {}, 'pointsman receive');
  if (exitCode === 0) return received(place.via, JSON.parse(stdout) as Received);
  const reason = stderr.trim() || `exit code ${exitCode}`;
  const missing = exitCode === 127 ? ' Is pointsman installed there (pointsman host install)?' : '';
  throw new Exit(exitCodes.unreachable, `${place.via} did not take the release: ${reason}.${missing}`);
}

function received(via: string, { directory, clock }: Received): string {
  const wrong = wrongClock(via, (clock - Date.now()) / 1000);
  if (!wrong) return directory;
  throw new Exit(exitCodes.refused, `${wrong.message} ${wrong.fix}`);
}

function loginOf({ registry, registryUser, registryPassword }: ShipOptions): RegistryLogin | null {
  const given = [registry, registryUser, registryPassword];
  if (given.every((each) => each === undefined)) return null;
  if (registry && registryUser && registryPassword) {
    return { server: registry, userVariable: registryUser, passwordVariable: registryPassword };
  }
  const form = '--registry <server> --registry-user <name> --registry-password <name>';
  throw new Exit(exitCodes.usage, `A registry login needs all three: ${form} (names of variables, not values).`);
}
