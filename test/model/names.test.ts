import { describe, expect, test } from 'vitest';
import { imageOf, releasePattern, timestampOf, workflowId } from '../../src/model/names.js';
import { planDeploy } from '../../src/model/plan.js';
import { settings } from '../support/settings.js';

test('the workflow of an environment has one id, whatever the release', () => {
  expect(workflowId(settings)).toBe('shop/production');
});

test('an image carries the release wherever the template names it', () => {
  expect(imageOf({ image: 'shop-{release}:{release}' }, 'v2')).toBe('shop-v2:v2');
});

describe('a timestamp', () => {
  test('is UTC to the second, without what a file name cannot hold', () => {
    expect(timestampOf(Date.UTC(2026, 10, 23, 9, 23, 34, 567))).toBe('20261123T092334Z');
  });

  test('sorts by time', () => {
    const times = [0, 999_999_000, Date.UTC(2026, 8, 9), Date.UTC(2026, 10, 10), Date.UTC(2027, 0, 1)];
    expect(times.map(timestampOf).toSorted()).toEqual(times.map(timestampOf));
  });
});

describe('a release', () => {
  test.each(['v1', 'a1b2c3d4', '1.2.3-rc.1', '_x', 'A'.repeat(128)])('may be called %s', (name) => {
    expect(name).toMatch(releasePattern);
  });

  test.each(['', '-v1', '.v1', 'v 1', 'v1;rm', 'v1\n', 'feature/x', '../x', 'ä', '{release}', 'A'.repeat(129)])(
    'may not be called %j, which no image tag may be',
    (name) => {
      expect(name).not.toMatch(releasePattern);
    },
  );
});

describe('the plan of a deploy', () => {
  const image = 'registry.example.org/shop:v2';

  test.each([
    ['nothing is live', null, 'blue'],
    ['blue is live', { slot: 'blue', release: 'v1' }, 'green'],
    ['green is live', { slot: 'green', release: null }, 'blue'],
  ] as const)('where %s', (_, live, slot) => {
    expect(planDeploy(settings, 'v2', live)).toEqual({ from: live, slot, release: 'v2', image });
  });
});
