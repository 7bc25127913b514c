import { ApplicationFailure } from '@temporalio/common';
import type { Adoptable } from '../../src/model/adopt.js';
import type { Activities } from '../../src/model/activities.js';
import type { BackupManifest } from '../../src/model/database.js';
import type { DrillReport } from '../../src/model/drill.js';
import type { JudgedWindow } from '../../src/model/rollout.js';
import type { FailureType } from '../../src/model/failure.js';
import type { ReleaseRecord } from '../../src/model/release-record.js';
import type { Live } from '../../src/model/slot.js';

export interface Call {
  readonly name: string;
  readonly args: unknown;
}

export const backup: BackupManifest = {
  file: 'app.db.pre-deploy-20261123T092334Z',
  deployId: 'run-1',
  releaseFrom: 'v1',
  releaseTo: 'v2',
  startedAt: '2026-11-23T09:23:34.000Z',
  bytes: 1_234_567,
  sha256: 'a'.repeat(64),
  fingerprint: { schema: 'b'.repeat(64), userVersion: 0, migrations: 'c'.repeat(64) },
};

export const drillReport: DrillReport = {
  restored: { age: { until: '2026-11-23T03:29:58.000Z', merged: false, seconds: 2 }, tookMs: 800 },
  inspected: {
    ...{ bytes: 1_234_567, fingerprint: backup.fingerprint, rows: { notes: 1200, tags: 4 }, tookMs: 400 },
    live: { sameFingerprint: true, missingRows: { notes: 3 }, changedAt: '2026-11-23T03:30:00.000Z' },
  },
  probed: { release: 'v1', image: 'registry.example.org/shop:v1', healthyAfterMs: 1200, answer: '' },
  totalMs: 2400,
};

/** A window in which the release did as well as the one before. */
export const judgedWindow: JudgedWindow = {
  next: '10',
  release: { requests: 200, errors: 0, p50Ms: 4, p95Ms: 9 },
  other: { requests: 200, errors: 0, p50Ms: 4, p95Ms: 9 },
  unhealthy: null,
};

/** What runs behind a config of its user's, and what that comes to. */
export const adoptable: Adoptable = {
  live: { slot: 'blue', release: 'v1', image: 'registry.example.org/shop:v1' },
  other: { slot: 'green', release: 'v0', image: 'registry.example.org/shop:v0' },
  container: 'e'.repeat(64),
  kept: 3,
  snippets: ['/etc/nginx/conf.d/snippets/server/adopted.conf'],
};

const answered = {
  status: 200,
  headers: { 'content-type': 'AbCdEfGhIjKlMnOp' },
  body: 'QrStUvWxYz012345',
  fromSlot: false,
};

const workers = [{ pid: 41, startedAt: 'Mon Nov 23 09:20:00 2026' }];

/** What every step answers when all goes well and `live` was live before. */
export function wellBehaved(live: Live | null): Activities {
  return {
    preflight: () => Promise.resolve({ warnings: [], live }),
    findRollbackTarget: () =>
      live
        ? Promise.resolve({ live, target: { release: 'v0', image: 'registry.example.org/shop:v0' } })
        : Promise.reject(failure('NothingToRollBackTo', 'nothing is live')),
    fetchImages: () => Promise.resolve({ source: 'present', id: `sha256:${'d'.repeat(64)}` }),
    bootstrapRouter: () => Promise.resolve({ config: live ? 'kept' : 'placeholder', live }),
    backupDatabase: () => Promise.resolve(live ? backup : null),
    composeUpWait: () => Promise.resolve({ container: 'e'.repeat(64), healthyAfterMs: 2300 }),
    probeSlot: ({ release }) => Promise.resolve({ status: 200, release }),
    writeRouterConfig: () => Promise.resolve({ changed: true, workers }),
    reloadRouter: () => Promise.resolve({ answers: 5, afterMs: 180 }),
    drainSlot: () => Promise.resolve({ drained: true, remaining: 0, afterMs: 350 }),
    stopSlots: ({ settings, slots }) => Promise.resolve({ stopped: slots.map((slot) => settings.slots[slot]) }),
    cleanUp: () => Promise.resolve({ removedBackups: [], removedImages: [] }),
    recordRelease: () => Promise.resolve(),
    collectLogs: () => Promise.resolve([{ title: 'app (app-green)', lines: ["KeyError: 'PAYMENTS_API_KEY'"] }]),
    switchBack: () => Promise.resolve({ changed: true, workers }),
    restoreDatabase: () => Promise.resolve({ restored: false, reason: 'nothing changed' }),
    rehearseMigration: () =>
      Promise.resolve({ migrates: true, tookMs: 900, bytes: 1_234_567, predictedMs: 900, output: [] }),
    holdWrites: () => Promise.resolve({ changed: true, until: '2026-11-23T09:33:34.000Z', cut: 0 }),
    releaseWrites: () => Promise.resolve({ changed: true }),
    findLive: () => Promise.resolve({ live }),
    findBackup: () => Promise.resolve(backup),
    restoreBackup: () =>
      Promise.resolve({ restored: true, reason: 'asked for', salvage: 'app.db.failed-1', tables: [] }),
    proveReplica: () => Promise.resolve({ replica: { inStep: true, afterMs: 40, problem: '' }, bytes: 1_234_567 }),
    restoreReplica: () => Promise.resolve(drillReport.restored),
    inspectRestored: () => Promise.resolve(drillReport.inspected),
    probeRestored: ({ live: { release } }) =>
      Promise.resolve({ release, image: 'registry.example.org/shop:v1', healthyAfterMs: 1200, answer: '' }),
    removeScratch: () => Promise.resolve({ removed: ['pointsman-shop-production-drill-1-data'] }),
    recordDrill: () => Promise.resolve(),
    watchLive: () => Promise.resolve({ changed: true }),
    judgeTraffic: ({ from }) => Promise.resolve({ ...judgedWindow, next: String(Number(from ?? 0) + 10) }),
    endWatch: () => Promise.resolve({ changed: true }),
    setMaintenance: () => Promise.resolve({ changed: true, live }),
    findAdoptable: () => Promise.resolve(adoptable),
    askPaths: ({ paths }) => Promise.resolve({ answers: paths.map((path) => ({ ...answered, path })) }),
    writeAdoption: () => Promise.resolve({ changed: true }),
    comparePaths: ({ before }) => Promise.resolve({ paths: before.length }),
    undoAdoption: () => Promise.resolve({ changed: true }),
    noteSlots: () => Promise.resolve(),
  };
}

/** Writes down every call, also of those that fail. */
export function recording(activities: Activities): { readonly activities: Activities; readonly calls: Call[] } {
  const calls: Call[] = [];
  const recorded = Object.entries(activities).map(([name, run]) => [
    name,
    (args: unknown) => {
      calls.push({ name, args });
      return (run as (args: unknown) => unknown)(args);
    },
  ]);
  return { activities: Object.fromEntries(recorded) as Activities, calls };
}

export function failure(type: FailureType, message: string): ApplicationFailure {
  return ApplicationFailure.create({ type, message, nonRetryable: true });
}

/** A window of 200 requests of which so many percent were 5xx; the release before has none. */
export function windowOf(errorPercent: number, unhealthy: string | null = null): Omit<JudgedWindow, 'next'> {
  const release = { ...judgedWindow.release, errors: 2 * errorPercent };
  return { release, other: judgedWindow.other, unhealthy };
}

/** Judges with these windows, one after the other; the last one lasts. The call that only begins a window uses up none. */
export function judgingWith(...windows: readonly Omit<JudgedWindow, 'next'>[]): Pick<Activities, 'judgeTraffic'> {
  let at = 0;
  return {
    judgeTraffic: ({ from }) => {
      const window = from === null ? windowOf(0) : (windows[Math.min(at++, windows.length - 1)] ?? windowOf(0));
      return Promise.resolve({ ...window, next: String(Number(from ?? 0) + 10) });
    },
  };
}

/** The line of the release record that a run has written. */
export function recordIn(calls: readonly Call[]): ReleaseRecord | undefined {
  const call = calls.findLast(({ name }) => name === 'recordRelease');
  return (call?.args as { record: ReleaseRecord } | undefined)?.record;
}
