import { describe, expect, test } from 'vitest';
import { ageText, backupLine, meanwhileOf, restorePlan, salvageText } from '../../src/cli/render-backups.js';
import { resultText } from '../../src/cli/render-result.js';
import { failureText, headline } from '../../src/cli/render.js';
import { backup } from '../support/fake-activities.js';
import { settings } from '../support/settings.js';
import { progressOf, stepOf } from './progress.js';

const now = Date.parse('2026-11-23T12:23:34Z');

test('a backup of a deploy says of which releases, one by hand of which release, and the rollback target is marked', () => {
  expect(backupLine(backup, true, now)).toBe(
    'app.db.pre-deploy-20261123T092334Z  pre-deploy  2026-11-23T09:23:34Z (3 h ago)      1.2 MB  v1 → v2  rollback target',
  );
  for (const file of ['app.db.manual-20261123T092334Z', 'app.manual-20261123T092334Z.dump']) {
    expect(backupLine({ ...backup, file, releaseTo: 'v1' }, false, now)).toBe(
      `${file}  manual      2026-11-23T09:23:34Z (3 h ago)      1.2 MB  of v1`,
    );
  }
});

test.each([
  [0, '0 s ago'],
  [-5000, '0 s ago'],
  [59_999, '59 s ago'],
  [60_000, '1 min ago'],
  [3_599_000, '59 min ago'],
  [47 * 3_600_000, '1 d ago'],
])('%i ms are %s', (ms, text) => {
  expect(ageText(ms)).toBe(text);
});

describe('a salvage', () => {
  const salvage = { file: 'app.db.failed-20261123T122234Z', bytes: 5000 };
  const head = 'app.db.failed-20261123T122234Z  salvage     2026-11-23T12:22:34Z (1 min ago)      5.0 kB';

  test('tells which restore kept it, and its rows table by table', () => {
    const tables = [{ table: 'notes', onlyInSalvage: 3, onlyInBackup: 0, changed: 1 }];
    const notCompared = [{ table: 'found', problem: 'no such module: fts9' }];
    const note = { backup: backup.file, state: 'reported', tables, notCompared } as const;
    expect(salvageText({ ...salvage, note }, now).split('\n')).toEqual([
      `${head}  before the restore of ${backup.file}`,
      '  notes  3 only in the salvage, 0 only in the backup, 1 changed',
      '  found  not compared: no such module: fts9',
    ]);
  });

  test('of a restore that was cut says so, and one whose note is gone is shown all the same', () => {
    const note = { backup: backup.file, state: 'salvaged' } as const;
    expect(salvageText({ ...salvage, note }, now)).toContain('which did not come to its end');
    expect(salvageText({ ...salvage, note: null }, now)).toBe(head);
  });
});

describe('the plan of a restore', () => {
  const facts = { fingerprint: backup.fingerprint, rows: { notes: 12, users: 3 }, bytes: 2_500_000, freeBytes: 1e10 };
  const live = { slot: 'green', release: 'v2' } as const;

  test('says what goes back, what is there now, where its rows go, and that the live slot serves on', () => {
    expect(
      restorePlan({ backup, now: facts, live, meanwhile: meanwhileOf(settings.database) }, now).split('\n'),
    ).toEqual([
      'put back   app.db.pre-deploy-20261123T092334Z',
      '           of 2026-11-23T09:23:34Z (3 h ago), taken of v1, 1.2 MB',
      'database   2.5 MB; rows: notes: 12, users: 3',
      '           schema and migration state are those of the backup',
      'rows       what was written since then is kept in a salvage beside the database, and is not in the database any more',
      'live       green (v2), which goes on serving; writes wait while the database is put back',
    ]);
  });

  test('says of PostgreSQL that connections are cut', () => {
    const place = { kind: 'postgres', service: 'db', name: 'app', user: 'app', backups: '/backups' } as const;
    const meanwhile = meanwhileOf({ ...place, keepBackups: 3, restore: 'never' });
    expect(restorePlan({ backup, now: facts, live, meanwhile }, now)).toContain(
      'goes on serving; its connections to the database are cut once, at the end',
    );
  });

  test('warns where the live release has migrated since', () => {
    const migrated = { ...facts, fingerprint: { ...backup.fingerprint, schema: 'x', migrations: null } };
    expect(restorePlan({ backup, now: migrated, live, meanwhile: '' }, now)).toContain(
      'its schema and its migration state are not that of the backup: make sure that the live release can work with it',
    );
  });
});

describe('the end of a run about the database', () => {
  const restore = progressOf({ kind: 'restore', release: 'v2', slot: null, liveBefore: null });

  test('is what was made, not what is live', () => {
    const progress = progressOf({ kind: 'backup', slot: null, startedAt: now - 2000 });
    expect(resultText(progress, { backup }, now)).toBe(`backup: ${backup.file}, 1.2 MB, after 2.0 s`);
    expect(resultText(progress, { backup: null }, now)).toBe('there is no database yet: nothing was backed up');
    expect(resultText(progress, {}, now)).toBe('backup done after 2.0 s');
  });

  test('of a restore is its salvage and the rows, table by table', () => {
    const tables = [{ table: 'notes', onlyInSalvage: 3, onlyInBackup: 0, changed: 1 }];
    const restored = { restored: true, reason: 'asked for', salvage: 'app.db.failed-1', tables } as const;
    const at = { ...restore, startedAt: now - 2000 };
    expect(resultText(at, { restored }, now).split('\n')).toEqual([
      'restored after 2.0 s; the database as it was is kept in app.db.failed-1',
      '  notes  3 only in the salvage, 0 only in the backup, 1 changed',
    ]);
    expect(resultText(at, { restored: { ...restored, tables: [] } }, now)).toContain('every row is the same in both');
  });

  test('that failed says whether anything can have been changed, and nothing of a switch', () => {
    const failed = (name: string) => {
      const progress = { ...restore, steps: [stepOf(name, { state: 'failed', note: 'no' })] };
      const details = { progress, failedStep: name, cancelled: false, undone: [], skipped: [], logs: [] };
      return failureText('failed', details);
    };
    expect(failed('findBackup')).toBe('restore failed at findBackup: no\nNothing was changed.');
    expect(failed('restoreBackup')).toContain('Where a salvage of this time is listed by "pointsman backups"');
    expect(headline(restore)).toBe('restore of the database · shop/production');
  });
});
