import { NativeConnection, Runtime, Worker, makeTelemetryFilterString, type WorkerOptions } from '@temporalio/worker';
import { pino } from 'pino';
import { createActivities } from './activities/index.js';
import { keptHosts } from './hosts/hosts.js';
import { LocalHost } from './hosts/local-host.js';
import { sshEnvironment } from './secrets/sources.js';
import { connectionFacts } from './temporal/connection.js';
import { taskQueue, type ReachablePlace } from './temporal/place.js';
import type { SigningKey } from './temporal/signing-key.js';
import { onlySigned } from './temporal/only-signed.js';
import { workflowSource } from './temporal/workflow-source.js';
import { workerLogger } from './worker-log.js';

export interface WorkerSettings {
  readonly place: ReachablePlace;
  /** Directory of pointsman's own state on this host. */
  readonly stateDirectory: string;
  /** Only what is signed with it is done. `null`: whoever reaches Temporal may ask for anything. */
  readonly key: SigningKey | null;
}

/** Composition root: this host → activities → a Temporal worker. Ends by itself on SIGINT and SIGTERM. */
export async function createWorker({ place, stateDirectory, key }: WorkerSettings): Promise<Worker> {
  installRuntime();
  const { connectionOptions, namespace } = await connectionFacts(place);
  const connection = await NativeConnection.connect(
    connectionOptions as Parameters<typeof NativeConnection.connect>[0],
  );
  const hosts = keptHosts({ local: new LocalHost({ stateDirectory }), ssh: sshEnvironment(process.env) });
  return Worker.create({
    ...workflowSource(),
    connection,
    namespace,
    taskQueue,
    activities: createActivities({ hosts }),
    ...onlySigned(stateDirectory, key),
    ...tuning,
  });
}

/** How a worker of pointsman differs from the usual one of the SDK, each for the reason beside it. */
export const tuning = {
  // After a kill the next worker gets the workflow's task a second later, not ten.
  stickyQueueScheduleToStartTimeout: '1s',
  // A step in the middle of a command gets this long to end it; the next worker does the step again.
  shutdownGraceTime: '5s',
  maxConcurrentActivityTaskExecutions: 20,
  // A step beats each 1.5 s, and each beat is to leave: it is what a cancel comes back with, and what keeps a step that works
  // from counting as dead after 6 s. Left to itself, Temporal's core keeps beats back for 0.8 of that, 4.8 s.
  maxHeartbeatThrottleInterval: '1s',
  defaultHeartbeatThrottleInterval: '1s',
} as const satisfies Partial<WorkerOptions>;

let installed = false;

/** One JSON line per event on standard error; Temporal's own core says only what is wrong. */
function installRuntime(): void {
  if (installed) return;
  installed = true;
  const logger = workerLogger(pino.destination({ dest: 2, sync: true }));
  const log = (level: 'trace' | 'debug' | 'info' | 'warn' | 'error', message: string, meta?: object): void =>
    logger[level](meta ?? {}, message);
  Runtime.install({
    logger: {
      log: (level, message, meta) => log(level.toLowerCase() as 'info', message, meta),
      trace: (message, meta) => log('trace', message, meta),
      debug: (message, meta) => log('debug', message, meta),
      info: (message, meta) => log('info', message, meta),
      warn: (message, meta) => log('warn', message, meta),
      error: (message, meta) => log('error', message, meta),
    },
    telemetryOptions: { logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'WARN' }) } },
  });
}
