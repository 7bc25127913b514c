import { describe, expect, test } from 'vitest';
import type { ReleaseRecord } from '../../src/model/release-record.js';
import { warning } from '../../src/preflight/check.js';
import { brokenGlass } from '../../src/preflight/checks/break-glass.js';
import { fakeHost, world } from './support.js';

const record: ReleaseRecord = {
  ...{ deployId: 'run-1', kind: 'rollback', outcome: 'succeeded', release: 'v1', slot: 'blue', image: 'shop:v1' },
  ...{ previous: 'v2', backup: null, requestedBy: 'ada', message: 'back to v1' },
  ...{ startedAt: '2026-11-23T09:23:34.000Z', endedAt: '2026-11-23T09:24:34.000Z' },
};

const after = (...records: readonly ReleaseRecord[]) => {
  const lines = records.map((each) => `${JSON.stringify(each)}\n`).join('');
  const host = fakeHost({ files: { '/nowhere/shop/production/releases.jsonl': lines } });
  return brokenGlass.run(world({ host, live: { slot: 'blue', release: 'v1' } }));
};

describe('a deploy after a rollback by break glass', () => {
  test('says who did it, when, and from what it goes on', async () => {
    expect(await after(record, { ...record, breakGlass: true })).toEqual([
      warning(
        'The last run went back to v1 by break glass, without Temporal (ada, 2026-11-23T09:24:34.000Z).',
        'This one goes on from what is live: blue (v1).',
      ),
    ]);
  });

  test('and one after that says nothing any more', async () => {
    expect(await after({ ...record, breakGlass: true }, record)).toEqual([]);
    expect(await after()).toEqual([]);
  });
});
