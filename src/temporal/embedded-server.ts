import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lastLinesOf } from './log-tail.js';
import { searchAttributeNames } from './search-attributes.js';
import { TemporalUnavailableError, type EmbeddedPlace } from './place.js';

const startWithinMs = 60_000;

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
export function serverListens({ port }: EmbeddedPlace): Promise<boolean> {
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
  const output = openSync(log, 'w');
  const child = spawn(place.cli, serverArguments(place), { detached: true, stdio: ['ignore', output, output] });
  writeFileSync(join(place.stateDirectory, 'temporal.pid'), String(child.pid));
  await untilListening(place, child, log);
  child.unref();
}

async function untilListening(place: EmbeddedPlace, child: ChildProcess, log: string): Promise<void> {
  const deadline = Date.now() + startWithinMs;
  while (!(await serverListens(place))) {
    const ended = child.exitCode !== null || child.signalCode !== null;
    if (ended || Date.now() > deadline) {
      throw new TemporalUnavailableError(`The embedded Temporal server did not start:\n${lastLinesOf(log, 5)}`);
    }
    await sleep(100);
  }
}

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
