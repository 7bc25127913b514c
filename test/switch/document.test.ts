import { expect, test } from 'vitest';
import { daysText, embedded } from '../../bench/switch/document.js';

const page = 'before\n<!-- traffic: written by the bench -->\nold\n<!-- end of traffic -->\nafter\n';

test('figures take the place of older ones, and nothing else changes', () => {
  const once = embedded(page, 'traffic', 'new');
  expect(once).toBe(page.replace('old', 'new'));
  expect(embedded(once, 'traffic', 'new')).toBe(once);
});

test('a page without a place for them is not written', () => {
  expect(() => embedded(page, 'compare', 'new')).toThrow('no place between');
});

test('runs of one day have its date, and runs of several the first and the last', () => {
  const day = Date.UTC(2026, 10, 26);
  expect(daysText([day + 5, day])).toBe('2026-11-26');
  expect(daysText([day + 86_400_000, day])).toBe('2026-11-26 to 2026-11-27');
});
