import { expect, test } from 'vitest';
import { plannedSteps } from '../../src/model/plan.js';
import type { Settings } from '../../src/model/settings.js';
import { bake, canary, holdWrites, judging, settings, withDatabase } from '../support/settings.js';

const live = { slot: 'blue', release: 'v1' } as const;
const migrate = { command: ['python', '-m', 'app.migrate'], timeoutMs: 60_000, network: false };
const approval = { when: 'before-switch', timeoutMs: 3_600_000, otherwise: 'abort' } as const;

function lines(of: Settings, planned: Parameters<typeof plannedSteps>[1]): string[] {
  return plannedSteps(of, planned).map(({ name, what }) => `${name}: ${what}`);
}

test('the plan of a small deploy is every step of it in words', () => {
  expect(lines(settings, { live })).toEqual([
    'preflight: check everything before anything is touched',
    'fetchImages: make sure that the image for app-green is on the host',
    'bootstrapRouter: make sure that the router has a valid config; it serves blue (v1)',
    'backupDatabase: back up /app/data/app.db',
    'composeUpWait: start app-green and wait for its health, at most 2 min',
    'probeSlot: ask app-green itself on /healthz',
    "writeRouterConfig: write the router's config: give all requests to app-green",
    'reloadRouter: reload it, and prove that it serves them',
    'drainSlot: let requests in flight end, at most 30 s',
    'cleanUp: meanwhile, keep the last 3 backups, remove old images',
    'stopSlots: stop app-blue (v1)',
    "recordRelease: write it into the host's record",
  ]);
});

test('the plan of a project with two routers names both, and says that the proof is had through each', () => {
  const internal = { ...settings.router, service: 'router-internal' };
  const plan = lines({ ...settings, otherRouters: [internal] }, { live });
  expect(plan.filter((line) => /router/i.test(line))).toEqual([
    'bootstrapRouter: make sure that router and router-internal have a valid config and serve the same; router serves blue (v1)',
    'writeRouterConfig: write the configs of router and router-internal: give all requests to app-green',
    'reloadRouter: reload them at once, and prove through each that it serves them',
  ]);
});

test('the plan of one with everything has its stages, waits and bounds', () => {
  const all: Settings = { ...withDatabase({ holdWrites, migrate }), canary, bake, judging, approval };
  const judged = '3 bad in a row undo everything (ill, more than 1 % 5xx)';
  expect(lines(all, { live }).slice(3, -4)).toEqual([
    'rehearseMigration: run python -m app.migrate on a copy of the database',
    'holdWrites: answer writes with 503 until the canary begins, at most 5 min; only if the rehearsal finds that the database is migrated',
    'backupDatabase: back up /app/data/app.db',
    'watchLive: note what blue answers, to compare the release with it',
    'composeUpWait: start app-green and wait for its health, at most 2 min',
    'probeSlot: ask app-green itself on /healthz',
    "writeRouterConfig: write the router's config: let only requests with the header X-Pointsman-Preview through to app-green",
    'reloadRouter: reload it, and prove that they get it',
    'approval: wait for "pointsman approve" or "pointsman abort --reason …", at most 1 h, then abort; where writes are held, they still are, and it is aborted after 5 min in all',
    'releaseWrites: let writes through again: users get the release; only if the rehearsal finds that the database is migrated',
    ...[5, 25].flatMap((weight) => [
      `writeRouterConfig: write the router's config: give ${weight} % of the requests to app-green, the rest to blue (v1)`,
      'reloadRouter: reload it, and prove that it gets them',
      `judgeTraffic: judge it for 30 s, in 3 × 10 s; ${judged}; it is compared with blue (v1)`,
    ]),
    "writeRouterConfig: write the router's config: give all requests to app-green",
    'reloadRouter: reload it, and prove that it serves them',
    `judgeTraffic: judge it for 1 min, in 6 × 10 s; ${judged}; blue (v1) stays up meanwhile, to go back to`,
    'drainSlot: let requests in flight end, at most 30 s',
  ]);
});

test('the plan says that nobody is waited for where whoever asks has approved already', () => {
  const plan = plannedSteps({ ...settings, approval }, { live, approved: true });
  expect(plan.find(({ name }) => name === 'approval')?.what).toBe('nobody is waited for: it is approved already');
  expect(plan.filter(({ name }) => name === 'writeRouterConfig')).toHaveLength(1);
});

test('the plan of a first deploy shares nothing and stops nothing', () => {
  const names = plannedSteps({ ...withDatabase({ holdWrites }), canary, bake, judging }, { live: null }).map(
    ({ name }) => name,
  );
  for (const name of ['holdWrites', 'watchLive', 'drainSlot', 'stopSlots']) expect(names).not.toContain(name);
  expect(names.filter((name) => name === 'judgeTraffic')).toHaveLength(1);
});
