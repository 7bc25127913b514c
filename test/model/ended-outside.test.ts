import { describe, expect, test } from 'vitest';
import { isLiveNow, leftBy, type EndedRun, type ToldStep } from '../../src/model/ended-outside.js';
import type { DatabaseSettings, Settings } from '../../src/model/settings.js';
import { backup } from '../support/fake-activities.js';
import { settings } from '../support/settings.js';

const run: EndedRun = {
  runId: 'run-1',
  kind: 'deploy',
  requestedBy: 'ada',
  startedAt: '2026-11-23T09:23:34.000Z',
  endedAt: '2026-11-23T09:24:34.000Z',
  by: 'bob@ui: enough',
  settings,
};

const from = { slot: 'blue', release: 'v1' } as const;
const green = { slot: 'green', release: 'v2', image: 'shop:v2' } as const;

/** A deploy of v2 into green as its history tells it, up to and with a step; that one did not end. */
function until(last: string, more: readonly ToldStep[] = []): ToldStep[] {
  const story: ToldStep[] = [
    { name: 'preflight', args: {}, result: { live: from, warnings: [] } },
    { name: 'fetchImages', args: green, result: {} },
    { name: 'bootstrapRouter', args: {}, result: { config: 'kept', live: from } },
    { name: 'holdWrites', args: {}, result: {} },
    { name: 'backupDatabase', args: {}, result: backup },
    { name: 'composeUpWait', args: green, result: {} },
    { name: 'probeSlot', args: green, result: {} },
    { name: 'writeRouterConfig', args: green, result: {} },
    { name: 'reloadRouter', args: green, result: {} },
    { name: 'drainSlot', args: {}, result: {} },
  ];
  const at = story.findIndex(({ name }) => name === last);
  const { name, args } = story[at] ?? { name: last, args: {} };
  return [...story.slice(0, at), { name, args }, ...more];
}

describe('a run that was ended from outside', () => {
  test.each(['preflight', 'fetchImages', 'bootstrapRouter'])('in %s has left nothing', (step) => {
    expect(leftBy(run, until(step))).toBeNull();
  });

  const mayHaveMigrated: [step: string, may: boolean][] = [
    ['holdWrites', false],
    ['backupDatabase', false],
    ['composeUpWait', true],
    ['probeSlot', true],
    ['writeRouterConfig', true],
    ['reloadRouter', true],
    ['drainSlot', false],
  ];
  test.each(mayHaveMigrated)('in %s may have migrated what nobody put back: %j', (step, may) => {
    const left = leftBy(run, until(step));
    expect(left).toMatchObject({ lastStep: step, plan: { from, ...green }, mayHaveMigrated: may });
  });

  test('in its undoing, before the database was put back, may have migrated too', () => {
    const undoing = [
      { name: 'switchBack', args: {}, result: {} },
      { name: 'stopSlots', args: {} },
    ];
    expect(leftBy(run, until('reloadRouter', undoing))).toMatchObject({ mayHaveMigrated: true, backup });
  });

  test('after the database was put back, has left no migration', () => {
    const undone = [
      { name: 'restoreDatabase', args: {}, result: { restored: true } },
      { name: 'recordRelease', args: {} },
    ];
    expect(leftBy(run, until('composeUpWait', undone))).toMatchObject({ mayHaveMigrated: false, backup: null });
  });

  describe('in a canary or a preview', () => {
    const args = { ...green, stage: { live: from, weight: 5 } };
    const staged: ToldStep[] = [
      { name: 'writeRouterConfig', args, result: {} },
      { name: 'reloadRouter', args, result: {} },
      { name: 'judgeTraffic', args: green },
    ];

    test('has not switched: it may have migrated, and a part of the users may have the other slot', () => {
      expect(leftBy(run, until('writeRouterConfig', staged))).toMatchObject({ mayHaveMigrated: true, staged: true });
    });

    test('that is over, has switched', () => {
      const left = leftBy(run, until('drainSlot', []));
      const [, ...rest] = until('drainSlot').slice(-3);
      expect(left).not.toHaveProperty('staged');
      expect(
        leftBy(run, [...until('writeRouterConfig', staged), ...until('drainSlot').slice(-3), ...rest]),
      ).toMatchObject({
        mayHaveMigrated: false,
      });
    });
  });

  test('has a database that is never put back by itself where that is configured', () => {
    const database: DatabaseSettings | null = settings.database && { ...settings.database, restore: 'never' };
    const never: Settings = { ...settings, database };
    expect(leftBy({ ...run, settings: never }, until('probeSlot'))?.mayHaveMigrated).toBe(false);
  });

  test('is live where the router serves its release from its slot, and nowhere else', () => {
    const left = { plan: { from, ...green } };
    expect(isLiveNow(left, { slot: 'green', release: 'v2' })).toBe(true);
    for (const live of [null, from, { slot: 'green', release: null }, { slot: 'blue', release: 'v2' }] as const) {
      expect(isLiveNow(left, live)).toBe(false);
    }
  });
});
