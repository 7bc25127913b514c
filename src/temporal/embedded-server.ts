import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lastLinesOf } from './log-tail.js';
import { searchAttributeNames } from './search-attributes.js';
import { TemporalUnavailableError, type EmbeddedPlace } from './place.js';

const startWithinMs = 60_000;

/**
 * The dev server takes a port at random for each of its own parts and listens on it later: now and then another program
 * has it by then, and the server ends. Other ports come with the next attempt.
 */
const startAttempts = 3;

/** Command line of the embedded server. */
export function serverArguments({ stateDirectory, port, uiPort }: EmbeddedPlace): string[] {
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort)],
    ...['--db-filename', join(stateDirectory, 'temporal.db'), '--log-level', 'warn'],
    ...searchAttributeNames.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
    // The dev server's default of 20 tasks a second adds a second to every deploy.
    ...['--dynamic-config-value', 'history.transferProcessorMaxPollRPS=2000'],
  ];
}

/** Does something listen on the server's port? */
export function serverListens({ port }: Pick<EmbeddedPlace, 'port'>): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/**
 * Starts the server as a process of its own session: it outlives a worker that is killed, and the next one
 * adopts it by its port.
 *
 * @throws {TemporalUnavailableError} when it does not come up; the message holds the end of its log.
 */
export async function startServer(place: EmbeddedPlace): Promise<void> {
  if (!place.cli) {
    throw new TemporalUnavailableError(
      'No Temporal server is configured, and the Temporal CLI for the embedded one was not found. Install it ' +
        '(script/setup temporal, or https://docs.temporal.io/cli), or set TEMPORAL_ADDRESS.',
    );
  }
  mkdirSync(place.stateDirectory, { recursive: true });
  const log = join(place.stateDirectory, 'temporal.log');
  const deadline = Date.now() + startWithinMs;
  for (let attempt = 1; attempt <= startAttempts; attempt++) {
    const child = spawnServer(place, place.cli, log);
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
  while (!(await serverListens(place))) {
    if (hasEnded(child) || Date.now() > deadline) return false;
    await sleep(100);
  }
  return true;
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;

/** Ends the server that runs on this state, whoever started it. */
export async function stopServer(place: EmbeddedPlace): Promise<void> {
  const pid = serverPid(place);
  if (pid === null) return;
  process.kill(pid, 'SIGTERM');
  while (serverPid(place) !== null) await sleep(50);
}

/** Process id of the server; `null` when it does not run. A pid that now belongs to another program does not count. */
export function serverPid({ stateDirectory }: EmbeddedPlace): number | null {
  try {
    const pid = Number(readFileSync(join(stateDirectory, 'temporal.pid'), 'utf8'));
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return command.includes(join(stateDirectory, 'temporal.db')) ? pid : null;
  } catch {
    // No pid file, or no such process.
    return null;
  }
}
