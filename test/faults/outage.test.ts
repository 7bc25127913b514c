import { describe, expect, test } from 'vitest';
import { areBack, excused } from '../../bench/faults/outage.js';
import { fault, report, type CellResult } from '../../bench/faults/report.js';

const outage = { from: 1000, until: 2000 };

describe('a request that failed', () => {
  test.each([
    ['was in flight when the router was killed', 900, 1010],
    ['was sent while it was away', 1500, 1501],
    ['was sent just before it was back and answered after', 1990, 2400],
  ])('and %s is the kill’s', (_, sentAt, failedAt) => {
    const failed = [{ kind: '502', sentAt, failedAt }];
    expect(excused(failed, [outage])).toEqual(failed);
  });

  test.each([
    ['had its answer before', 800, 990],
    ['was sent once it was back', 2001, 2010],
  ])('and %s is the deploy’s', (_, sentAt, failedAt) => {
    expect(excused([{ kind: '502', sentAt, failedAt }], [outage])).toEqual([]);
  });

  test('where nothing was killed that served it is never excused', () => {
    expect(excused([{ kind: '502', sentAt: 1500, failedAt: 1501 }], [])).toEqual([]);
  });
});

describe('what was killed is back', () => {
  const router = { service: 'router', startedAt: '10:00', mayEnd: false };
  const blue = { service: 'app-blue', startedAt: '10:01', mayEnd: true };
  const facts = (service: string, startedAt: string, running = true) => ({ service, startedAt, running });

  test('when the router was started again, and not while the one that dies still answers', () => {
    expect(areBack([router], [facts('router', '10:00')], 'blue')).toBe(false);
    expect(areBack([router], [facts('router', '10:30', false)], 'blue')).toBe(false);
    expect(areBack([router], [facts('router', '10:30')], 'blue')).toBe(true);
  });

  test('of an engine when the last container is, and not at the first answer', () => {
    const first = [facts('router', '10:30'), facts('app-blue', '10:01', false)];
    expect(areBack([router, blue], first, 'blue')).toBe(false);
    expect(areBack([router, blue], [facts('router', '10:30'), facts('app-blue', '10:31')], 'blue')).toBe(true);
  });

  test('though a slot that nobody is sent to any more was stopped meanwhile', () => {
    const now = [facts('router', '10:30'), facts('app-blue', '10:01', false), facts('app-green', '10:31')];
    expect(areBack([router, blue], now, 'green')).toBe(true);
  });

  test('and how long that took is told in the median and at worst', () => {
    const cell = { scenario: 'deploy', step: 'cleanUp', nth: 1, at: 'before', kill: 'dockerd' } as const;
    const result: CellResult = {
      ...{ cell, struck: true, differences: [], failures: {}, excused: 90, requests: 900, committed: 300, lost: 0 },
      ...{ resume: { ms: 4000, how: 'next' }, tookMs: 30_000, outageMs: 3000 },
    };
    const worse: CellResult = { ...result, cell: { ...cell, at: 'after' }, outageMs: 5200 };
    expect(report([result, result, worse])).toContain(
      'After a kill of dockerd all was back in 3.0 s in the median, in 5.2 s at worst (deploy: dockerd after cleanUp).',
    );
  });
});

describe('a cell', () => {
  const cell = { scenario: 'deploy', step: 'drainSlot', nth: 1, at: 'middle', kill: 'router' } as const;
  const good: CellResult = {
    ...{ cell, struck: true, differences: [], failures: {}, excused: 12, requests: 900, committed: 300, lost: 0 },
    ...{ resume: { ms: 700, how: 'same' }, tookMs: 16_000 },
  };

  test('is as it should be with requests that only the killed router could not answer, which are counted', () => {
    expect(fault(good)).toBeNull();
    expect(report([good])).toContain('failed: 0, and 12 of a part that was killed');
    expect(report([good])).toContain('| deploy | drainSlot | 1 of 1 (12) |');
  });

  test.each([
    ['one more failed', { failures: { '502': 1 } }, '1 × 502 of 900 requests'],
    ['a row is lost', { lost: 1 }, '1 rows lost'],
    ['another end came of it', { differences: ['live: "old" without a kill, "new" with it'] }, 'live: "old"'],
  ])('is a fault when %s', (_, changed, reason) => {
    const bad = { ...good, ...changed };
    expect(fault(bad)).toContain(reason);
    expect(report([bad])).toContain('1 of them not as they should be');
    expect(report([bad])).toContain('npm run faults -- --scenario deploy --step drainSlot --kill router --at middle');
  });
});
