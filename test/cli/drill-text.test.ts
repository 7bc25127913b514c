import { expect, test } from 'vitest';
import { drillText, lastDrillLine } from '../../src/cli/drill-text.js';
import { ageText } from '../../src/model/drill.js';
import { drillReport } from '../support/fake-activities.js';

const record = {
  ...({ drillId: 'run-1', outcome: 'failed', requestedBy: 'the schedule', report: null } as const),
  startedAt: '2026-11-23T03:30:00.000Z',
  endedAt: '2026-11-23T03:31:00.000Z',
  message: 'failed at restoreReplica: the bucket does not exist',
};

test('a report says first that the replica can be restored and how old it is, then what that rests on', () => {
  expect(drillText(drillReport).split('\n')).toEqual([
    'The replica can be restored. The restored data is 2 s old: what was committed after 2026-11-23 03:29:58 UTC is not in it.',
    "integrity: SQLite's whole check found nothing; 1.23 MB",
    '  notes                    1200 rows',
    '  tags                     4 rows',
    'compared:  the live database has the same schema and other numbers of rows (notes: +3)',
    'health:    v1 is healthy on it after 1.2 s',
    'time:      2.4 s (restore 0.8 s, check 0.4 s, app 1.2 s); after a disaster it would take about as long',
  ]);
});

test('an age that is not known exactly says so', () => {
  expect(ageText({ until: '2026-11-23T03:29:58.000Z', merged: true, seconds: 300 })).toBe(
    'the restored data is about 300 s old: what was committed after about 2026-11-23 03:29:58 UTC is not in it',
  );
  expect(ageText(null)).toBe('Litestream does not say how old the restored data is');
});

test('status tells how long ago the last drill was, and shouts when it failed', () => {
  const at = (time: string): string => lastDrillLine(record, Date.parse(time));
  expect(at('2026-11-23T04:00:00Z')).toBe(
    'last drill: 29 min ago, FAILED: failed at restoreReplica: the bucket does not exist',
  );
  expect(at('2026-11-23T20:31:00Z')).toContain('17 h ago');
  expect(at('2026-11-26T03:31:00Z')).toContain('3 days ago');
  expect(lastDrillLine(undefined, 0)).toBe('last drill: none yet (pointsman drill)');
});
