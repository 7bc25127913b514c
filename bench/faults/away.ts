import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { hasOpen, sendSignal, socketLink, tcpSockets } from '../../src/temporal/proc.js';
import type { Playground } from '../../test/support/playground.js';
import { busyWorker, workersOf } from './workers.js';

/**
 * Longer than the heartbeat timeout (6 s) and the pause before the next attempt (1 s): Temporal has given the attempt up when
 * the worker comes back, and the worker has not.
 */
export const awayMs = 9000;

/** Stops the worker's process where it is; {@link wake} lets it go on. Returns whether there was one. */
export async function pause(place: Playground): Promise<boolean> {
  const pid = await busyWorker(place);
  if (pid !== undefined) sendSignal(pid, 'SIGSTOP');
  return pid !== undefined;
}

export async function wake(place: Playground): Promise<void> {
  await sleep(awayMs);
  // One that was not stopped takes no notice.
  for (const pid of await workersOf(place)) sendSignal(pid, 'SIGCONT');
}

/**
 * Lets no packet through between the worker and Temporal's server; it still reaches Docker, and others reach the server.
 * The connections stay as they are, as where a cable is pulled. Returns whether there were any. Takes root, and iptables.
 */
export async function cut(place: Playground): Promise<boolean> {
  const pid = await busyWorker(place);
  const ports = pid === undefined ? [] : connectionsOf(pid, place.temporalPort);
  for (const port of ports) {
    await drop(place, port, place.temporalPort);
    await drop(place, place.temporalPort, port);
  }
  return ports.length > 0;
}

export async function mend(place: Playground): Promise<void> {
  await sleep(awayMs);
  const { stdout } = await iptables('-S', 'OUTPUT');
  const own = stdout.split('\n').filter((rule) => rule.split(' ').includes(nameOf(place)));
  for (const rule of own) await iptables(...rule.replace(/^-A/, '-D').split(' '));
}

/** Local ports of a process's connections to a server. */
function connectionsOf(pid: number, server: number): number[] {
  return (tcpSockets() ?? [])
    .filter(({ state, remotePort }) => state === 'established' && remotePort === server)
    .filter(({ inode }) => hasOpen(pid, [socketLink(inode)]))
    .map(({ localPort }) => localPort);
}

async function drop(place: Playground, from: number, to: number): Promise<void> {
  const what = ['-o', 'lo', '-p', 'tcp', '--sport', String(from), '--dport', String(to)];
  await iptables('-I', 'OUTPUT', ...what, '-m', 'comment', '--comment', nameOf(place), '-j', 'DROP');
}

/** By this the rules are found again. */
function nameOf({ project }: Playground): string {
  return `pointsman-${project}`;
}

function iptables(...args: string[]) {
  return execa('iptables', ['-w', ...args]);
}
