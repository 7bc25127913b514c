import type { RetryPolicy } from '@temporalio/common';
import { ActivityCancellationType, type ActivityOptions } from '@temporalio/workflow';
import type { Activities } from '../model/activities.js';
import { nonRetryableFailures, type FailureType } from '../model/failure.js';
import { routersOf } from '../model/routers.js';
import { sqliteSettings, type Settings } from '../model/settings.js';

/**
 * Every activity heartbeats each 1.5 s, and the worker lets each beat out (worker.ts), so a killed worker costs 6 s and not
 * the rest of the step's time: shorter risks a false retry on a loaded host.
 */
const heartbeatTimeout = '6s';

/** Rides out a Docker daemon that restarts: about 100 s in all. */
const patient: RetryPolicy = {
  initialInterval: '1s',
  backoffCoefficient: 2,
  maximumInterval: '20s',
  maximumAttempts: 9,
  nonRetryableErrorTypes: [...nonRetryableFailures],
};

/** For steps that are judged, not waited for: a few tries against a passing error of the engine. */
const brisk: RetryPolicy = { ...patient, maximumInterval: '5s', maximumAttempts: 5 };

/** What a proof has found is final; a worker that dies or an engine that is away has found nothing. */
const judgedOnce: RetryPolicy = {
  ...brisk,
  nonRetryableErrorTypes: [...nonRetryableFailures, 'SwitchNotProven' satisfies FailureType],
};

/** For what only informs: never worth keeping anyone waiting. */
const once: RetryPolicy = { ...patient, maximumAttempts: 2 };

const hourMs = 3_600_000;

/** Timeouts and retries of one step, each chosen for the reason beside it. */
type Choice = (settings: Settings) => Pick<ActivityOptions, 'startToCloseTimeout' | 'retry'>;

const choices: Record<keyof Activities, Choice> = {
  // Reads only; a registry that hangs is given up after 15 s by the check itself.
  preflight: () => ({ startToCloseTimeout: '2m', retry: brisk }),
  findRollbackTarget: () => ({ startToCloseTimeout: '30s', retry: brisk }),
  // A first pull over a slow line, or a build from nothing.
  fetchImages: () => ({ startToCloseTimeout: '30m', retry: brisk }),
  // Starts the router where there is none, and waits for its health check.
  bootstrapRouter: () => ({ startToCloseTimeout: '2m', retry: patient }),
  // The copy, then the command with its own limit.
  rehearseMigration: (settings) => ({
    startToCloseTimeout: (sqliteSettings(settings)?.migrate?.timeoutMs ?? 0) + hourMs,
    retry: brisk,
  }),
  // The workers of before get drain.timeout to end.
  holdWrites: ({ drain }) => ({ startToCloseTimeout: drain.timeoutMs + 60_000, retry: brisk }),
  // 1 GB takes 3 s to copy and 9 s to verify and hash: an hour is enough for 100 GB on a slow disk.
  backupDatabase: () => ({ startToCloseTimeout: '1h', retry: patient }),
  // The wait itself is bounded by health.timeout; 5 min on top for services without a profile and the engine.
  composeUpWait: ({ health }) => ({ startToCloseTimeout: health.timeoutMs + 300_000, retry: brisk }),
  // The slot is healthy already: what does not answer within seconds is wrong.
  probeSlot: () => ({ startToCloseTimeout: '30s', retry: brisk }),
  // nginx may take 12 s to get to know the slot, at one router after the other; that it does not is found once.
  writeRouterConfig: (settings) => ({ startToCloseTimeout: routersOf(settings).length * 30_000, retry: judgedOnce }),
  // The slot is asked once more for up to 20 s, and the proof takes up to 20 s, both bounded by the activity. A release
  // that fails it has users already: the next thing to do is to switch back, not to ask four times more.
  reloadRouter: () => ({ startToCloseTimeout: '1m', retry: judgedOnce }),
  // The wait is bounded by drain.timeout.
  drainSlot: ({ drain }) => ({ startToCloseTimeout: drain.timeoutMs + 60_000, retry: patient }),
  // The app gets its own stop_grace_period, which may be minutes.
  stopSlots: () => ({ startToCloseTimeout: '15m', retry: patient }),
  // Not `once`: a worker that is killed takes an attempt along, and what is not removed stays until the next deploy.
  cleanUp: () => ({ startToCloseTimeout: '5m', retry: brisk }),
  recordRelease: () => ({ startToCloseTimeout: '30s', retry: patient }),
  collectLogs: () => ({ startToCloseTimeout: '30s', retry: once }),
  switchBack: () => ({ startToCloseTimeout: '1m', retry: patient }),
  // Waits for the database's lock, then copies it twice.
  restoreDatabase: () => ({ startToCloseTimeout: '2h', retry: patient }),
  releaseWrites: () => ({ startToCloseTimeout: '1m', retry: patient }),
  findLive: () => ({ startToCloseTimeout: '30s', retry: brisk }),
  // Reads and hashes the whole file.
  findBackup: () => ({ startToCloseTimeout: '1h', retry: brisk }),
  restoreBackup: () => ({ startToCloseTimeout: '2h', retry: patient }),
  // Waits for the replica, then fetches all of it.
  proveReplica: () => ({ startToCloseTimeout: '1h', retry: once }),
  // Fetches all of the replica and checks it; storage that does not answer is tried for about two minutes.
  restoreReplica: () => ({ startToCloseTimeout: '2h', retry: brisk }),
  inspectRestored: () => ({ startToCloseTimeout: '1h', retry: brisk }),
  // The wait itself is bounded by health.timeout.
  probeRestored: ({ health }) => ({ startToCloseTimeout: health.timeoutMs + 60_000, retry: brisk }),
  removeScratch: () => ({ startToCloseTimeout: '2m', retry: patient }),
  recordDrill: () => ({ startToCloseTimeout: '30s', retry: patient }),
  watchLive: () => ({ startToCloseTimeout: '1m', retry: brisk }),
  // Reads what was noted in one window, and asks the slot.
  judgeTraffic: () => ({ startToCloseTimeout: '1m', retry: patient }),
  endWatch: () => ({ startToCloseTimeout: '1m', retry: patient }),
  setMaintenance: () => ({ startToCloseTimeout: '1m', retry: brisk }),
  findAdoptable: () => ({ startToCloseTimeout: '2m', retry: brisk }),
  // Each path is asked three times, and may take five seconds each time.
  askPaths: () => ({ startToCloseTimeout: '10m', retry: brisk }),
  // The slot may be ill for 20 s, and nginx take 12 s to get to know it.
  writeAdoption: () => ({ startToCloseTimeout: '1m', retry: judgedOnce }),
  comparePaths: () => ({ startToCloseTimeout: '15m', retry: brisk }),
  undoAdoption: () => ({ startToCloseTimeout: '1m', retry: patient }),
  noteSlots: () => ({ startToCloseTimeout: '30s', retry: patient }),
};

export function activityOptions(name: keyof Activities, settings: Settings): ActivityOptions {
  return {
    ...choices[name](settings),
    heartbeatTimeout,
    // The workflow goes on only when the command has really ended, so an undo never runs beside its step.
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  };
}
