import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from '@temporalio/worker';
import { keyOfState, sharedKey } from '../../temporal/worker-key.js';
import { createWorker } from '../../worker.js';
import { connectClient } from '../../temporal/connection.js';
import { serverListens, serverPid, startServer, stopServer } from '../../temporal/embedded-server.js';
import { prepareNamespace } from '../../temporal/namespace.js';
import type { EmbeddedPlace } from '../../temporal/place.js';
import { announce, whoIsUp, type Presence } from '../../temporal/presence.js';
import { sendSignal } from '../../temporal/proc.js';
import { ensureSearchAttributes } from '../../temporal/search-attributes.js';
import { checkStateDirectory } from '../../temporal/state-directory.js';
import { Exit, exitCodes, type ExitCode } from '../exit-codes.js';
import type { Session } from '../session.js';

export interface UpOptions {
  /** Minutes without a running deploy after which it ends by itself; for the one in the background. */
  readonly idleExit?: string;
}

/** `up` gives the steps that run five seconds to end their commands, and its server thirty. */
const downWithinMs = 90_000;

/** A server that died is started anew up to three times, and comes up within seconds where it can at all. */
const backWithinMs = 60_000;

/** Temporal's embedded server and a worker, in the foreground, each looked after. */
export async function upCommand(session: Session, { idleExit }: UpOptions): Promise<ExitCode> {
  const place = embedded(session);
  const held = await announce(place.stateDirectory);
  if (!held) {
    session.output.note('pointsman is up already');
    return exitCodes.succeeded;
  }
  await ensureServer(place);
  const stop = new AbortController();
  // From now on: the worker that is being created waits in vain for a server that has died.
  const kept = keepServer(place, stop.signal);
  // The wait for the chores tells of it; until then there may be nobody to hear.
  kept.catch(() => undefined);
  const chores: Promise<unknown>[] = [kept];
  const worker = await workerOf(place, session).catch(async (error: unknown) => {
    stop.abort();
    await Promise.allSettled(chores);
    throw error;
  });
  const ended = worker.run().finally(() => stop.abort());
  // A server that cannot be brought back is the end of its worker too.
  kept.catch(() => worker.getState() === 'RUNNING' && worker.shutdown());
  held.ready();
  session.output.note(`up: Temporal at 127.0.0.1:${place.port}, UI at http://127.0.0.1:${place.uiPort}`);
  if (idleExit)
    chores.push(endWhenIdle(place, Number(idleExit) * 60_000, stop.signal).then((idle) => idle && worker.shutdown()));
  await ended;
  await Promise.all(chores);
  await stopServer(place);
  held.leave();
  return exitCodes.succeeded;
}

/** A server that dies under it is brought back by {@link keepServer}, and the worker is created anew for that one. */
async function workerOf(place: EmbeddedPlace, session: Session): Promise<Worker> {
  for (;;) {
    const server = serverPid(place);
    try {
      await prepareNamespace(place);
      const { stateDirectory } = session.environment;
      return await createWorker({ place, stateDirectory, key: await keyOfState(place) });
    } catch (error) {
      const died = server === null || serverPid(place) !== server;
      if (!died || !(await listensAgain(place))) throw error;
    }
  }
}

/** `false` when the server is not back within a minute. */
async function listensAgain(place: EmbeddedPlace): Promise<boolean> {
  const deadline = Date.now() + backWithinMs;
  while (!serverListens(place)) {
    if (Date.now() > deadline) return false;
    await sleep(100);
  }
  return true;
}

/** A worker for a server that somebody else runs. */
export async function workerCommand(session: Session): Promise<ExitCode> {
  const { temporal: place, stateDirectory, signingKeyFile } = session.environment;
  if (place.kind === 'embedded') {
    throw new Exit(
      exitCodes.usage,
      'No Temporal server is configured: set TEMPORAL_ADDRESS, or use "pointsman up", which brings one.',
    );
  }
  checkStateDirectory(stateDirectory);
  const client = await connectClient(place);
  await ensureSearchAttributes(client);
  await client.connection.close();
  const key = await sharedKey(place, stateDirectory, signingKeyFile);
  if (!key) session.output.note(unsignedText);
  const worker = await createWorker({ place, stateDirectory, key });
  await worker.run();
  return exitCodes.succeeded;
}

const unsignedText =
  'warning: POINTSMAN_SIGNING_KEY_FILE is not set: whoever reaches Temporal may ask this worker for anything (SECURITY.md).';

/** Ends server and worker that run in the background. */
export async function downCommand(session: Session): Promise<ExitCode> {
  const place = embedded(session);
  const presence = await whoIsUp(place.stateDirectory);
  if (presence) await endUp(place, presence);
  await stopServer(place);
  session.output.note(presence ? 'down' : 'nothing was up');
  return exitCodes.succeeded;
}

async function endUp({ stateDirectory }: EmbeddedPlace, { pid }: Presence): Promise<void> {
  sendSignal(pid, 'SIGTERM');
  const deadline = Date.now() + downWithinMs;
  while (await whoIsUp(stateDirectory)) {
    if (Date.now() > deadline) {
      const seconds = downWithinMs / 1000;
      throw new Exit(
        exitCodes.unavailable,
        `pointsman up (process ${pid}) was told to end, and still runs after ${seconds} s. Its work is safe in Temporal: kill -KILL ${pid}`,
      );
    }
    await sleep(100);
  }
}

/** A server that outlived a killed `up` is taken over; a stranger on its port is not. */
async function ensureServer(place: EmbeddedPlace): Promise<void> {
  if (serverListens(place)) return;
  // One that a killed `up` was still starting, or on another port: never a second one on the same file.
  await stopServer(place);
  await startServer(place);
}

/** Brings the server back when it dies; the worker waits for it by itself. */
async function keepServer(place: EmbeddedPlace, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    if (serverPid(place) === null) await startServer(place);
    await sleep(500, undefined, { signal }).catch(() => undefined);
  }
}

/** To ask takes a connection of its own, and with it a look at all sockets of the machine. */
const longestIdlePollMs = 30_000;

/** Resolves with `true` when nothing has run for that long. */
async function endWhenIdle(place: EmbeddedPlace, idleMs: number, signal: AbortSignal): Promise<boolean> {
  let since = Date.now();
  while (!signal.aborted) {
    await sleep(Math.min(longestIdlePollMs, idleMs / 12), undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return false;
    if ((await runningNow(place)) > 0) since = Date.now();
    if (Date.now() - since > idleMs) return true;
  }
  return false;
}

/** A server that does not answer may hold running deploys, so it counts as busy. */
async function runningNow(place: EmbeddedPlace): Promise<number> {
  try {
    const client = await connectClient(place);
    const { count } = await client.workflow.count('ExecutionStatus = "Running"');
    await client.connection.close();
    return count;
  } catch {
    return 1;
  }
}

function embedded(session: Session): EmbeddedPlace {
  const { temporal } = session.environment;
  if (temporal.kind === 'embedded') return temporal;
  throw new Exit(
    exitCodes.usage,
    'A Temporal server is configured (TEMPORAL_ADDRESS): run "pointsman worker" beside it instead.',
  );
}
