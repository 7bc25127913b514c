import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lastLinesOf } from './log-tail.js';
import { searchAttributeNames } from './search-attributes.js';
import { TemporalUnavailableError, type EmbeddedPlace } from './place.js';
import { argumentsOf, hasOpen, isEnding, isOurs, sendSignal, socketLink, tcpSockets } from './proc.js';
import { checkStateDirectory, secureStateDirectory } from './state-directory.js';

const startWithinMs = 60_000;

/**
 * The dev server takes a port at random for each of its own parts and listens on it later: now and then another program
 * has it by then, and the server ends. Other ports come with the next attempt.
 */
const startAttempts = 3;

/** A server that was told to end writes out what it holds. Killed, it loses nothing either: its file is SQLite's. */
const endsWithinMs = 30_000;

/** What is killed ends as soon as the kernel comes to it. */
const killedWithinMs = 5000;

/** Within this machine a connection is made at once, or its listener takes none any more. */
const connectedWithinMs = 1000;

/** Command line of the embedded server. */
export function serverArguments({ stateDirectory, port, uiPort }: EmbeddedPlace): string[] {
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort)],
    ...['--db-filename', databasePath(stateDirectory), '--log-level', 'warn'],
    ...searchAttributeNames.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
    // The dev server's default of 20 tasks a second adds a second to every deploy.
    ...['--dynamic-config-value', 'history.transferProcessorMaxPollRPS=2000'],
  ];
}

/**
 * Whether this state's own server listens on its port. Anybody can take a port, so the listening socket must be one that
 * the server's process has open.
 */
export function serverListens(place: Pick<EmbeddedPlace, 'stateDirectory' | 'port'>): boolean {
  const pid = serverPid(place);
  if (pid === null) return false;
  const listeners = (tcpSockets() ?? []).filter(
    ({ state, localPort }) => state === 'listening' && localPort === place.port,
  );
  const names = listeners.map(({ inode }) => socketLink(inode));
  return names.length > 0 && hasOpen(pid, names);
}

/** Whether anything, ours or not, listens on a port of the loopback interface. */
export function portIsTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port, timeout: connectedWithinMs });
    const answer = (taken: boolean): void => {
      resolve(taken);
      socket.destroy();
    };
    socket.once('connect', () => answer(true)).once('error', () => answer(false));
    // Whoever listens takes no more connections.
    socket.once('timeout', () => answer(true));
  });
}

/** @throws {TemporalUnavailableError} when another program than this state's server listens on its port. */
export async function refuseStranger(place: EmbeddedPlace): Promise<void> {
  if (serverListens(place)) return;
  await untilGone(place);
  // Asked once more: it may have come up meanwhile.
  if ((await portIsTaken(place.port)) && !serverListens(place)) throw taken(place.port);
}

function taken(port: number): TemporalUnavailableError {
  return new TemporalUnavailableError(
    `Port ${port} is taken by another program: set POINTSMAN_TEMPORAL_PORT and POINTSMAN_UI_PORT.`,
  );
}

/**
 * Whether the server could be started here. Changes nothing.
 *
 * @throws {TemporalUnavailableError} when its program is missing, its directory is not safe, or a port of its is taken.
 */
export async function requireStartable(place: EmbeddedPlace): Promise<string> {
  if (!place.cli) {
    throw new TemporalUnavailableError(
      'No Temporal server is configured, and the Temporal CLI for the embedded one was not found. Install it ' +
        '(script/setup temporal, or https://docs.temporal.io/cli), or set TEMPORAL_ADDRESS.',
    );
  }
  checkStateDirectory(place.stateDirectory);
  await untilGone(place);
  for (const port of [place.port, place.uiPort]) if (await portIsTaken(port)) throw taken(port);
  return place.cli;
}

/**
 * Starts the server as a process of its own session: it outlives a worker that is killed, and the next one
 * adopts it by its pid file and its port.
 *
 * @throws {TemporalUnavailableError} when another program has the port, or when it does not come up; the message holds the
 *   end of its log then.
 */
export async function startServer(place: EmbeddedPlace): Promise<void> {
  const cli = await requireStartable(place);
  secureStateDirectory(place.stateDirectory);
  const log = join(place.stateDirectory, 'temporal.log');
  const deadline = Date.now() + startWithinMs;
  for (let attempt = 1; attempt <= startAttempts; attempt++) {
    const child = spawnServer(place, cli, log);
    if (await listensBefore(deadline, place, child)) return child.unref();
    if (!hasEnded(child)) break;
  }
  throw new TemporalUnavailableError(`The embedded Temporal server did not start:\n${lastLinesOf(log, 5)}`);
}

function spawnServer(place: EmbeddedPlace, cli: string, log: string): ChildProcess {
  const output = openSync(log, 'w');
  const child = spawn(cli, serverArguments(place), { detached: true, stdio: ['ignore', output, output] });
  closeSync(output);
  writeFileSync(join(place.stateDirectory, 'temporal.pid'), String(child.pid));
  return child;
}

/** `false` when it ended instead, or when the time is over. */
async function listensBefore(deadline: number, place: EmbeddedPlace, child: ChildProcess): Promise<boolean> {
  while (!serverListens(place)) {
    if (hasEnded(child) || Date.now() > deadline) return false;
    await sleep(100);
  }
  return true;
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;

/**
 * Ends the server that runs on this state, whoever started it. One that does not end by itself is killed.
 *
 * @param graceMs what it gets to end by itself. Default: 30 seconds.
 * @throws {TemporalUnavailableError} when it runs even then.
 */
export async function stopServer(place: EmbeddedPlace, graceMs = endsWithinMs): Promise<void> {
  const pid = serverPid(place);
  if (pid === null) return;
  sendSignal(pid, 'SIGTERM');
  if (await endsBefore(Date.now() + graceMs, place, pid)) return;
  sendSignal(pid, 'SIGKILL');
  if (await endsBefore(Date.now() + killedWithinMs, place, pid)) return;
  throw new TemporalUnavailableError(`The embedded Temporal server (process ${pid}) cannot be ended.`);
}

async function endsBefore(deadline: number, place: EmbeddedPlace, pid: number): Promise<boolean> {
  while (serverPid(place) === pid || isEnding(pid)) {
    if (Date.now() > deadline) return false;
    await sleep(50);
  }
  return true;
}

/** A server that was killed has its port and its file for a moment longer: it is no stranger, and no second one may start yet. */
async function untilGone({ stateDirectory }: Pick<EmbeddedPlace, 'stateDirectory'>): Promise<void> {
  const pid = readPid(join(stateDirectory, 'temporal.pid'));
  const deadline = Date.now() + killedWithinMs;
  while (pid !== null && isEnding(pid) && Date.now() < deadline) await sleep(20);
}

/**
 * Process id of the server; `null` when it does not run. A pid counts only if its process is of this user and was given
 * this state's file as its database, as {@link serverArguments} does: a pid that now belongs to another program does not.
 */
export function serverPid({ stateDirectory }: Pick<EmbeddedPlace, 'stateDirectory'>): number | null {
  const pid = readPid(join(stateDirectory, 'temporal.pid'));
  if (pid === null || !isOurs(pid)) return null;
  const given = argumentsOf(pid);
  const database = given.indexOf('--db-filename') + 1;
  return database > 0 && given[database] === databasePath(stateDirectory) ? pid : null;
}

function databasePath(stateDirectory: string): string {
  return join(stateDirectory, 'temporal.db');
}

function readPid(path: string): number | null {
  try {
    const pid = Number(readFileSync(path, 'utf8'));
    // 0 and what is negative would mean whole groups of processes.
    return Number.isSafeInteger(pid) && pid > 0 ? pid : null;
  } catch {
    return null;
  }
}
