import { describe, expect, test } from 'vitest';
import { plannedSteps } from '../../src/model/plan.js';
import { deployPlanText, plannedHold, type DeployPlan } from '../../src/cli/render-plan.js';
import { planDeploy } from '../../src/model/plan.js';
import { backupsToGo } from '../../src/model/retention.js';
import type { Settings } from '../../src/model/settings.js';
import { settings } from '../support/settings.js';

const live = { slot: 'blue', release: 'v1' } as const;
const held: Settings = {
  ...settings,
  database: settings.database && {
    ...settings.database,
    migrate: { command: ['migrate'], timeoutMs: 1000, network: false },
    holdWrites: { methods: ['POST'], paths: [], except: [], timeoutMs: 300_000, retryAfterSeconds: 10 },
  },
};

function textOf(of: Settings, change: Partial<DeployPlan> = {}): string[] {
  const plan = planDeploy(of, 'v2', live);
  const steps = [
    { name: 'preflight', what: 'check everything' },
    { name: 'fetchImages', what: 'make sure that the image is there' },
  ];
  const backups = { removes: ['app.db.pre-deploy-20261101T000000Z'], unknown: null };
  const planned = { plan, steps, findings: [], inTheWay: [], backups, rehearsal: null, ...change };
  return deployPlanText(of, planned).split('\n');
}

const rehearsed = { migrates: true, tookMs: 2100, bytes: 36_900, predictedMs: 1900, output: ['applied 0003_tags'] };

describe('the plan of a deploy', () => {
  test('says what is live, what comes, in which order, how long writes wait and which backups go', () => {
    expect(textOf(held)).toEqual([
      'plan of deploy v2 · shop/production',
      'live      blue (v1)',
      'next      green (v2) in app-green, with registry.example.org/shop:v2; app-blue is stopped in the end',
      'steps     1. preflight    check everything',
      '          2. fetchImages  make sure that the image is there',
      "writes    only if it migrates, held (503) for 5m at most: the deploy's own rehearsal predicts how long, and ends it where that is too long; the router itself lets them through after 10m30s at the latest",
      'backups   one is made, and the last 3 stay; would go: app.db.pre-deploy-20261101T000000Z',
      'ready to deploy; nothing was started or changed',
    ]);
  });

  test('says how long the migration is expected to hold the database, where it was rehearsed', () => {
    expect(textOf(held, { rehearsal: { state: 'done', rehearsal: rehearsed } }).slice(5)).toEqual([
      'rehearsed migrated in 2.1 s on a copy of 36.9 kB; the real one is expected to hold the database for 1.9 s',
      '          │ applied 0003_tags',
      'writes    held (503) for 5m at most: the migration is expected to take 1.9 s of it; the router itself lets them through after 10m30s at the latest',
      'backups   one is made, and the last 3 stay; would go: app.db.pre-deploy-20261101T000000Z',
      'ready to deploy; nothing was started or changed',
    ]);
  });

  test('says that no writes are held where the rehearsal finds that nothing migrates', () => {
    const rehearsal = { ...rehearsed, migrates: false, predictedMs: 0, output: [] };
    expect(textOf(held, { rehearsal: { state: 'done', rehearsal } }).slice(5, 7)).toEqual([
      'rehearsed nothing to migrate (2.1 s on a copy of 36.9 kB)',
      'writes    go through all the time',
    ]);
  });

  test('says that the deploy would end at its rehearsal: where that fails, or takes longer than writes may be held', () => {
    const failed = { state: 'failed', reason: 'the migration exited with code 1', lines: ['no such table'] } as const;
    expect(textOf(held, { rehearsal: failed })).toEqual(
      expect.arrayContaining([
        'rehearsed the migration exited with code 1',
        '          │ no such table',
        'the deploy would end at its rehearsal; nothing was started or changed',
      ]),
    );
    const rehearsal = { ...rehearsed, predictedMs: 300_001 };
    const late = textOf(held, { rehearsal: { state: 'done', rehearsal } });
    expect(late.find((line) => line.startsWith('writes'))).toContain('300.0 s of it, which is too long');
    expect(late.at(-1)).toBe('the deploy would end at its rehearsal; nothing was started or changed');
  });

  test('of a first release stops nothing, and of an app without a database touches none', () => {
    const alone: Settings = { ...settings, database: null };
    const text = textOf(alone, { plan: planDeploy(alone, 'v1', null), backups: { removes: [], unknown: null } });
    expect(text).toContain('live      nothing');
    expect(text).toContain('next      blue (v1) in app-blue, with registry.example.org/shop:v1');
    expect(text).toContain('writes    go through all the time');
    expect(text).toContain('backups   none: there is no database that pointsman looks after');
  });

  test('says what preflight would refuse, what is in the way, and what cannot be told', () => {
    const findings = [{ severity: 'error', check: 'disk', message: 'The disk is full.', fix: 'Free some.' }] as const;
    const backups = { removes: [], unknown: 'The volume app-data is not there yet.' };
    expect(textOf(settings, { findings, inTheWay: ['rollback by ada runs'], backups }).slice(-4)).toEqual([
      'backups   which would go cannot be told: The volume app-data is not there yet.',
      'error [disk] The disk is full. Free some.',
      'in the way: rollback by ada runs',
      'preflight would refuse it: 1 to mend first; nothing was started or changed',
    ]);
    expect(textOf(settings, { inTheWay: ['rollback by ada runs'] }).at(-1)).toContain('not now');
  });

  test('has the steps of what is configured, and only those', () => {
    const names = (of: Settings): string[] => plannedSteps(of, { live }).map(({ name }) => name);
    expect(names(held)).toEqual(expect.arrayContaining(['rehearseMigration', 'holdWrites', 'backupDatabase']));
    expect(names({ ...settings, database: null })).not.toContain('backupDatabase');
  });

  test('knows that nothing predicts a hold without a rehearsal', () => {
    const bounds = { atMostMs: 300_000, routerEndsAfterMs: 630_000 };
    expect(plannedHold(settings, live)).toBeNull();
    expect(plannedHold(held, null)).toBeNull();
    expect(plannedHold(held, live)).toEqual({ ...bounds, predicted: true, onlyIfMigrated: true });
    const always = { ...held, database: held.database && { ...held.database, restore: 'never' } } as Settings;
    expect(plannedHold(always, live)).toEqual({ ...bounds, predicted: true, onlyIfMigrated: false });
  });
});

describe('of the backups, the clean-up will remove', () => {
  const deploys = (...releases: string[]) =>
    releases.map((releaseFrom, at) => ({ file: `app.db.pre-deploy-2026110${at + 1}T000000Z`, releaseFrom }));
  const own = { file: 'app.db.pre-deploy-20261126T000000Z', releaseFrom: 'v4' };

  test('all but the newest, with that of this deploy among them', () => {
    const found = deploys('v0', 'v1', 'v2', 'v3');
    expect(backupsToGo(found, { own, keep: 3, rollbackTo: 'v4' })).toEqual([found[0]?.file, found[1]?.file]);
    expect(backupsToGo(found, { own, keep: 5, rollbackTo: 'v4' })).toEqual([]);
    expect(backupsToGo(found, { own, keep: 1, rollbackTo: null })).toEqual(found.map(({ file }) => file));
  });

  test('never the newest one of the release that a rollback would go back to', () => {
    const found = deploys('v1', 'v1', 'v2', 'v3');
    expect(backupsToGo(found, { own, keep: 1, rollbackTo: 'v1' })).toEqual([0, 2, 3].map((at) => found[at]?.file));
  });

  test('none that a person asked for', () => {
    const byHand = { file: 'app.db.manual-20261101T000000Z', releaseFrom: 'v0' };
    expect(backupsToGo([byHand], { own, keep: 1, rollbackTo: null })).toEqual([]);
  });
});
