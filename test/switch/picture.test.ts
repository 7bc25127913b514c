import { expect, test } from 'vitest';
import { sliceMs, type Cell } from '../../bench/switch/accounting.js';
import { bucketOf } from '../../bench/switch/histogram.js';
import { picture, type Pictured } from '../../bench/switch/picture.js';

const start = Date.UTC(2026, 10, 26);

function cell(at: number, release: string, change: Partial<Cell> = {}): Cell {
  const latencies = { [bucketOf(5)]: 10 };
  return { at: start + at, kind: 'kept GET', outcomes: { ok: 10 }, releases: { [release]: 10 }, latencies, ...change };
}

const run: Pictured = {
  title: 'Deploy of <v2>',
  startedAt: start,
  tookMs: 4000,
  from: { slot: 'blue', release: 'v1' },
  steps: [
    { name: 'composeUpWait', kind: 'step', state: 'done', startedAt: start + 500, endedAt: start + 2000 },
    { name: 'reloadRouter', kind: 'step', state: 'done', startedAt: start + 2000, endedAt: start + 2400 },
  ],
  cells: [cell(0, 'v1'), cell(sliceMs, 'v1'), cell(2500, 'v2'), cell(3000, 'v2', { outcomes: { ok: 9, reset: 1 } })],
};

function rectsOf(svg: string, colour: string): number {
  return svg.split('\n').filter((line) => line.startsWith('<rect') && line.includes(`fill="${colour}"`)).length;
}

test('every step has its row, and the reload is marked through all panels', () => {
  const svg = picture(run);
  expect(svg).toContain('>composeUpWait</text>');
  expect(svg).toContain('>1.5 s</text>');
  expect(svg).toContain('>nginx reloads</text>');
});

test('answers are stacked by release, the one of before first, and what failed is red', () => {
  const svg = picture(run);
  // Each has one more in the legend.
  expect([rectsOf(svg, '#1f6feb'), rectsOf(svg, '#e8912d'), rectsOf(svg, '#cf222e')]).toEqual([2 + 2, 2 + 1, 1 + 2]);
  expect(picture({ ...run, from: { slot: 'green', release: 'v2' } }).indexOf('>v2<')).toBeLessThan(
    picture({ ...run, from: { slot: 'green', release: 'v2' } }).indexOf('>v1<'),
  );
});

test('what a title says cannot break the picture', () => {
  expect(picture(run)).toContain('Deploy of &lt;v2&gt;');
});

test('a run in which nothing was answered has a picture, too', () => {
  expect(picture({ ...run, cells: [], steps: [] })).toMatch(/^<svg [^]*<\/svg>\n$/);
});
