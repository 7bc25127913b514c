import { expect, test } from 'vitest';
import type { Live } from '../../src/model/slot.js';
import { isUsed, outOfStep, type AskedRouters } from '../../src/router/all-routers.js';
import type { RouterState } from '../../src/router/live-slot.js';

const quiet = { hold: null, canary: null, maintenance: null, watched: false };
const blue: Live = { slot: 'blue', release: 'v1' };
const green: Live = { slot: 'green', release: 'v2' };

function serving(live: Live | null, other: Live | null, more: Partial<RouterState> = {}): AskedRouters {
  return [
    { service: 'router', state: { ...quiet, live } },
    { service: 'router-internal', state: { ...quiet, live: other, ...more } },
  ];
}

test.each([
  ['the same', blue, blue, []],
  ['the same by a config of a hand, which tells no release', blue, { slot: 'blue', release: null }, []],
  ['nothing, as the primary', null, null, []],
  ['another slot', blue, green, ['the router router-internal serves green (v2), and not blue (v1)']],
  [
    'another release in the same slot',
    blue,
    { slot: 'blue', release: 'v0' },
    ['the router router-internal serves blue (v0), and not blue (v1)'],
  ],
  ['nothing', blue, null, ['the router router-internal serves nothing, and not blue (v1)']],
] as const)('a second router that serves %s', (_, live, other, said) => {
  expect(outOfStep(serving(live, other))).toEqual(said);
});

test('a slot is used by whichever router sends anybody there, a share or all of them', () => {
  expect(isUsed(serving(blue, green), 'green')).toBe(true);
  expect(isUsed(serving(blue, blue), 'green')).toBe(false);
  const canary = { slot: 'green', release: 'v2', weight: 0 } as const;
  expect(isUsed(serving(blue, blue, { canary }), 'green')).toBe(true);
});
