import { describe, expect, test } from 'vitest';
import { decideRestore, type Fingerprint } from '../../src/model/database.js';
import { findRelease, releaseBefore, type ReleaseRecord } from '../../src/model/release-record.js';

function record(
  release: string,
  kind: ReleaseRecord['kind'] = 'deploy',
  outcome: ReleaseRecord['outcome'] = 'succeeded',
) {
  const times = { startedAt: '2026-11-23T09:00:00Z', endedAt: '2026-11-23T09:00:09Z' };
  const rest = {
    deployId: release,
    slot: 'blue',
    previous: null,
    backup: null,
    requestedBy: 'ada',
    message: '',
  } as const;
  return { ...rest, ...times, kind, outcome, release, image: `shop:${release}` } satisfies ReleaseRecord;
}

describe('a rollback', () => {
  const records = [record('v1'), record('v2'), record('bad', 'deploy', 'undone'), record('v3')];

  test('goes back to the release before the live one, past those that failed', () => {
    expect(releaseBefore(records, 'v3')).toEqual({ release: 'v2', image: 'shop:v2' });
  });

  test('a second one goes back one more, not to the release that was just left', () => {
    expect(releaseBefore([...records, record('v2', 'rollback')], 'v2')?.release).toBe('v1');
  });

  test('has nowhere to go from the first release', () => {
    expect(releaseBefore(records, 'v1')).toBeNull();
  });

  test('goes to a named release only if that was live here', () => {
    expect(findRelease(records, 'v1')?.image).toBe('shop:v1');
    expect(findRelease(records, 'bad')).toBeNull();
  });
});

describe('the database rule', () => {
  const before: Fingerprint = { schema: 'a', userVersion: 0, migrations: 'm' };

  test.each([
    ['if-migrated', before, false, 'the failed release changed neither schema nor migration state'],
    ['if-migrated', { ...before, schema: 'b' }, true, 'the failed release changed the schema'],
    ['if-migrated', { ...before, userVersion: 1 }, true, 'the failed release changed the user_version'],
    [
      'if-migrated',
      { ...before, schema: 'b', migrations: 'n' },
      true,
      'the failed release changed the schema and the migration state',
    ],
    ['never', { ...before, schema: 'b' }, false, 'database.restore is "never"'],
    ['always', before, true, 'database.restore is "always"'],
  ] as const)('%s: %j', (rule, now, restore, reason) => {
    expect(decideRestore(rule, before, now)).toEqual({ restore, reason });
  });
});
