import { describe, expect, test } from 'vitest';
import type { TableReport } from '../../src/model/database.js';
import { judgedText, stepWords } from '../../src/model/step-words.js';
import { settings } from '../support/settings.js';

const slotArgs = { settings, slot: 'green', release: 'v2', image: 'shop:v2' } as const;
const drainArgs = { settings, workers: [] };
const fingerprint = { schema: 'a', userVersion: 0, migrations: null };
const backup = {
  file: 'app.db.pre-deploy-20261123T092334Z',
  deployId: 'd',
  releaseFrom: 'v1',
  releaseTo: 'v2',
  startedAt: '2026-11-23T09:23:34Z',
  bytes: 12_345,
  sha256: 's',
  fingerprint,
};
const restoreArgs = { settings, backup, timestamp: '20261123T092400Z' };

describe('before a step, its words say what it is about to do', () => {
  test.each([
    ['the slot', stepWords.composeUpWait.summary(slotArgs), 'start app-green with shop:v2 (v2) and wait for health'],
    ['the drain', stepWords.drainSlot.summary(drainArgs), 'let requests in flight end (at most 30.0 s)'],
    ['both slots', stepWords.stopSlots.summary({ settings, slots: ['blue', 'green'] }), 'stop app-blue and app-green'],
    [
      'a rollback to the one before',
      stepWords.findRollbackTarget.summary({ settings, to: null }),
      'find the release before the live one',
    ],
    ['a named rollback', stepWords.findRollbackTarget.summary({ settings, to: 'v1' }), 'find release v1'],
  ])('%s', (_, text, expected) => {
    expect(text).toBe(expected);
  });
});

describe('the router is told whose requests go where', () => {
  const args = { settings, slot: 'green', release: 'v2', timestamp: 't' } as const;
  const live = { slot: 'blue', release: 'v1' } as const;
  test.each([
    [undefined, 'green (v2)'],
    [25, 'green (v2) to 25 % of the requests, and blue (v1) to the rest'],
    [0, 'green (v2) to whoever asks for it by header, and blue (v1) to everybody else'],
  ])('at %s: %s', (weight, text) => {
    const staged = weight === undefined ? args : { ...args, stage: { live, weight } };
    expect(stepWords.writeRouterConfig.summary(staged)).toBe(`write the router's config for ${text}`);
    expect(stepWords.reloadRouter.summary(staged)).toBe(`reload the router and prove that it serves ${text}`);
  });
});

describe('a window is told with what came of it', () => {
  const release = { requests: 1203, errors: 37, p50Ms: 4, p95Ms: 9.4 };
  test.each([
    [{ release, unhealthy: null }, 'healthy, 1,203 requests, 3.1 % 5xx, p95 9 ms'],
    [
      { release: { ...release, requests: 1, errors: 0, p95Ms: null }, unhealthy: null },
      'healthy, 1 request, 0.0 % 5xx',
    ],
    [
      { release: { ...release, requests: 1_234_567, errors: 0 }, unhealthy: null },
      'healthy, 1,234,567 requests, 0.0 % 5xx, p95 9 ms',
    ],
    [{ release: { ...release, requests: 0 }, unhealthy: null }, 'healthy, no requests'],
    [{ release, unhealthy: '/healthz answered 500' }, '/healthz answered 500'],
  ])('%j: %s', (window, text) => {
    expect(judgedText(window)).toBe(text);
  });
});

describe('a backup', () => {
  const args = { settings, timestamp: 't', deployId: 'd', releaseFrom: null, releaseTo: 'v1' };

  test('is told with its name and size', () => {
    const { note } = stepWords.backupDatabase;
    expect(note(backup, args)).toBe('app.db.pre-deploy-20261123T092334Z, 12.3 kB, verified');
    expect(note({ ...backup, bytes: 3_456_789 }, args)).toBe('app.db.pre-deploy-20261123T092334Z, 3.5 MB, verified');
  });

  test('that there is none of yet is told too', () => {
    expect(stepWords.backupDatabase.note(null, args)).toBe('there is no database yet');
  });
});

describe('a drain', () => {
  test.each([
    [{ drained: true, remaining: 0, afterMs: 1240 }, 'drained after 1.2 s'],
    [{ drained: false, remaining: 1, afterMs: 30_000 }, '1 router worker still had requests after 30.0 s: ended'],
    [
      { drained: false, remaining: 2, cut: 3, afterMs: 30_000 },
      '2 router workers still had requests after 30.0 s: ended, 3 connections to the app cut',
    ],
  ])('%j', (result, text) => {
    expect(stepWords.drainSlot.note(result, drainArgs)).toBe(text);
  });
});

describe('a restore', () => {
  const { note } = stepWords.restoreDatabase;
  const reason = 'the failed release changed the schema';
  const salvage = 'app.db.failed-20261123T092400Z';
  const table = (name: string, onlyInSalvage: number, changed: number): TableReport => ({
    table: name,
    onlyInSalvage,
    onlyInBackup: 5,
    changed,
  });

  test('that was not needed says why the database was kept', () => {
    expect(note({ restored: false, reason: 'only rows differ' }, restoreArgs)).toBe('kept: only rows differ');
  });

  test('counts the rows that are only in the salvage, table by table, and leaves out those with none', () => {
    const tables = [table('notes', 3, 2), table('tags', 0, 0), table('users', 0, 1)];
    expect(note({ restored: true, reason, salvage, tables }, restoreArgs)).toBe(
      `restored: ${reason}; kept aside: ${salvage} (rows only there: notes: 5, users: 1)`,
    );
  });

  test('says so when the salvage holds nothing more', () => {
    expect(note({ restored: true, reason, salvage, tables: [table('notes', 0, 0)] }, restoreArgs)).toBe(
      `restored: ${reason}; kept aside: ${salvage} (no row is only there)`,
    );
  });
});

test('preflight tells what is live, and counts its warnings', () => {
  const { note } = stepWords.preflight;
  const args = { settings, release: 'v2', kind: 'deploy' } as const;
  const warning = { check: 'host', severity: 'warning', message: '', fix: '' } as const;
  expect(note({ live: { slot: 'blue', release: null }, warnings: [] }, args)).toBe('live: blue, release unknown');
  expect(note({ live: null, warnings: [warning, warning] }, args)).toBe('nothing is live yet; 2 warnings');
});

test('a clean-up counts what it removed', () => {
  const args = { settings, live: { slot: 'green', release: 'v2' }, timestamp: 't' } as const;
  const { note } = stepWords.cleanUp;
  expect(note({ removedBackups: [], removedImages: [] }, args)).toBe('removed no backup and no image');
  expect(note({ removedBackups: ['a'], removedImages: ['b', 'c'] }, args)).toBe('removed 1 backup and 2 images');
});
