import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startServer, stopServer } from '../../src/temporal/embedded-server.js';
import { whoIsUp } from '../../src/temporal/presence.js';
import { newKey } from '../../src/temporal/signing-key.js';
import { HistoryWatch } from '../../test/support/history-watch.js';
import type { Playground } from '../../test/support/playground.js';

/** Process ids of the workers of places that have a Temporal of their own. */
const workers = new WeakMap<Playground, readonly number[]>();

/**
 * Gives a playground a Temporal that is not pointsman's own, with two workers on it, in place of `pointsman up`. They share the
 * signing key and, as they are on one host, its state. Ended by the function that it returns.
 */
export async function onTwoWorkers(place: Playground): Promise<() => Promise<void>> {
  const stateDirectory = join(place.directory, '.temporal');
  const { temporalPort: port, uiPort } = place;
  const cli = process.env['POINTSMAN_TEMPORAL_CLI'] ?? 'temporal';
  const server = { kind: 'embedded', stateDirectory, port, uiPort, cli } as const;
  await startServer(server);
  await mkdir(place.home, { mode: 0o700 });
  const keyFile = join(place.directory, '.signing-key');
  await writeFile(keyFile, newKey().toString(), { mode: 0o600 });
  place.environment['TEMPORAL_ADDRESS'] = `127.0.0.1:${port}`;
  place.environment['POINTSMAN_SIGNING_KEY_FILE'] = keyFile;
  const children = [place.start('worker'), place.start('worker')];
  workers.set(
    place,
    children.map(({ pid }) => pid ?? 0),
  );
  return async () => {
    for (const child of children) child.kill('SIGTERM');
    await Promise.all(children);
    await stopServer(server);
  };
}

/** Every worker of a playground. */
export async function workersOf(place: Playground): Promise<readonly number[]> {
  const up = await whoIsUp(place.home);
  return workers.get(place) ?? (up ? [up.pid] : []);
}

/** The worker that has the step which is under way, or else the first one; `undefined`: there is none. */
export async function busyWorker(place: Playground): Promise<number | undefined> {
  const all = await workersOf(place);
  if (all.length < 2) return all[0];
  await using history = await HistoryWatch.open(place.temporalPort, `${place.project}/demo`);
  const busy = await history.workerOfStep();
  return all.find((pid) => busy.startsWith(`${pid}@`)) ?? all[0];
}
