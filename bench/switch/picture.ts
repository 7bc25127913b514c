import { sliceMs, type Cell } from './accounting.js';
import { percentile } from './histogram.js';
import type { RunResult } from './run.js';
import { Frame, heading, line, polyline, rect, svg, text, type Panel } from './svg.js';
import type { Step } from './steps.js';
import { groupedBy, requestsIn, shortKinds, totalsOf } from './totals.js';

/** What a picture shows: one run, from a little before its command to a little after. */
export type Pictured = Pick<RunResult, 'startedAt' | 'tookMs' | 'steps' | 'cells' | 'from'> & {
  readonly title: string;
};

const aroundMs = 2500;
const rowHeight = 17;
const width = 1000;
const left = 190;
const right = width - 24;
/** Told apart also by whoever sees no red and green, and in print. */
const colours = ['#1f6feb', '#e8912d', '#7d5ba6', '#4f8a8b'];
const ink = {
  grid: '#e4e8ec',
  axis: '#57606a',
  text: '#24292f',
  failed: '#cf222e',
  step: '#8c959f',
  undone: '#e8912d',
};

/** Steps, latency and answering release of one run over one axis of time, as SVG. */
export function picture(run: Pictured): string {
  const from = run.startedAt - aroundMs;
  const until = run.startedAt + run.tookMs + aroundMs;
  const slices = slicesOf(run.cells, from, until);
  const steps = { top: 64, height: run.steps.length * rowHeight };
  const latency = { top: steps.top + steps.height + 54, height: 150 };
  const answers = { top: latency.top + latency.height + 54, height: 120 };
  const height = answers.top + answers.height + 46;
  const frame = new Frame({ from, until, zero: run.startedAt, left, right });
  const panels = [steps, latency, answers];
  return svg(width, height, [
    heading(run.title, left),
    ...frame.secondsGrid(panels, ink),
    ...stepMarks(run.steps, frame, panels),
    ...stepRows(run.steps, frame, steps),
    ...latencyPanel(slices, frame, latency),
    ...answersPanel(slices, frame, answers, run.from?.release ?? null),
    ...frame.secondsAxis(answers, ink),
  ]);
}

interface Slice {
  readonly at: number;
  readonly cells: readonly Cell[];
}

function slicesOf(cells: readonly Cell[], from: number, until: number): Slice[] {
  const groups = groupedBy(requestsIn(cells), ({ at }) => at);
  const first = Math.ceil(from / sliceMs) * sliceMs;
  const count = Math.floor((until - first) / sliceMs);
  return Array.from({ length: count }, (_, index) => ({ at: first + index * sliceMs })).map(({ at }) => ({
    at,
    cells: groups.get(at) ?? [],
  }));
}

/** What moves users is marked through all panels. */
const marked: Readonly<Record<string, string>> = {
  reloadRouter: 'nginx reloads',
  switchBack: 'nginx reloads: back',
  stopSlots: 'the slot stops',
};

function stepMarks(steps: readonly Step[], frame: Frame, panels: readonly Panel[]): string[] {
  const last = panels.at(-1);
  const top = (panels[0]?.top ?? 0) - 4;
  const bottom = (last?.top ?? 0) + (last?.height ?? 0);
  return steps.flatMap(({ name, startedAt }) => {
    const x = frame.x(startedAt);
    const what = marked[name];
    if (!what) return [];
    return [
      line([x, top], [x, bottom], { colour: ink.step, dash: '3 3' }),
      text(what, { x, y: top - 4, anchor: 'middle', colour: ink.axis, size: 10 }),
    ];
  });
}

function stepRows(steps: readonly Step[], frame: Frame, panel: Panel): string[] {
  return steps.flatMap((step, row) => {
    const y = panel.top + row * rowHeight;
    const [begin, end] = [frame.x(step.startedAt), frame.x(step.endedAt)];
    const colour = step.state === 'failed' ? ink.failed : step.kind === 'compensation' ? ink.undone : ink.step;
    const wide = Math.max(2, end - begin);
    const took = `${((step.endedAt - step.startedAt) / 1000).toFixed(1)} s`;
    const inside = end + 40 < right;
    return [
      text(step.name, { x: left - 8, y: y + 12, anchor: 'end', colour: ink.text }),
      rect([begin, y + 3], [wide, rowHeight - 6], colour),
      text(took, {
        x: inside ? begin + wide + 5 : begin - 5,
        y: y + 12,
        anchor: inside ? 'start' : 'end',
        colour: ink.axis,
        size: 10,
      }),
    ];
  });
}

/** Powers of ten, as far as they are needed. */
function decadesOf(slices: readonly Slice[]): number[] {
  const largest = Math.max(1, ...slices.map((slice) => latencyOf(slice, 0.99) ?? 1));
  return [1, 10, 100, 1000, 10_000, 100_000].filter((decade) => decade < largest * 10);
}

function latencyPanel(slices: readonly Slice[], frame: Frame, panel: Panel): string[] {
  const decades = decadesOf(slices);
  const top = Math.log10(decades.at(-1) ?? 1);
  const y = (ms: number): number => panel.top + panel.height * (1 - Math.log10(Math.max(1, ms)) / Math.max(1, top));
  const curve = (share: number, colour: string): string[] =>
    polyline(
      slices.map((slice) => {
        const ms = latencyOf(slice, share);
        return ms === null ? null : [frame.x(slice.at + sliceMs / 2), y(ms)];
      }),
      colour,
    );
  return [
    ...decades.flatMap((decade) => [
      line([left, y(decade)], [right, y(decade)], { colour: ink.grid }),
      text(decade >= 1000 ? `${decade / 1000} s` : `${decade} ms`, {
        x: left - 8,
        y: y(decade) + 4,
        anchor: 'end',
        colour: ink.axis,
      }),
    ]),
    ...legend(
      'Latency of short requests',
      [
        ['p50', '#1f6feb'],
        ['p99', '#cf222e'],
      ],
      panel,
    ),
    ...curve(0.5, '#1f6feb'),
    ...curve(0.99, '#cf222e'),
  ];
}

function latencyOf({ cells }: Slice, share: number): number | null {
  return percentile(totalsOf(cells.filter(({ kind }) => shortKinds.has(kind))).latencies, share);
}

/** Answers in a second, stacked by release, with what failed on top in red. */
function answersPanel(slices: readonly Slice[], frame: Frame, panel: Panel, before: string | null): string[] {
  const totals = slices.map(({ at, cells }) => ({ at, ...totalsOf(cells) }));
  // The release of before has the first colour, whatever it is called.
  const releases = [...new Set(totals.flatMap(({ releases: counts }) => Object.keys(counts)))].sort(
    (a, b) => Number(b === before) - Number(a === before),
  );
  const perSecond = 1000 / sliceMs;
  const top = niceTop(Math.max(1, ...totals.map(({ count }) => count)) * perSecond);
  const heightOf = (count: number): number => (panel.height * count * perSecond) / top;
  const bars = totals.flatMap(({ at, releases: counts, failed }) => {
    let y = panel.top + panel.height;
    const bar = (count: number, colour: string): string[] => {
      if (count === 0) return [];
      const high = heightOf(count);
      y -= high;
      return [rect([frame.x(at), y], [frame.x(at + sliceMs) - frame.x(at) - 0.6, high], colour)];
    };
    const served = releases.flatMap((release, index) =>
      bar(counts[release] ?? 0, colours[index % colours.length] ?? ink.axis),
    );
    return [...served, ...bar(failed, ink.failed)];
  });
  const keys = releases.map((release, index) => [release, colours[index % colours.length] ?? ink.axis] as const);
  const ticks = [0, top / 2, top].map(
    (value) => [value, panel.top + panel.height - heightOf(value / perSecond)] as const,
  );
  return [
    ...ticks.flatMap(([value, y]) => [
      line([left, y], [right, y], { colour: ink.grid }),
      text(String(value), { x: left - 8, y: y + 4, anchor: 'end', colour: ink.axis }),
    ]),
    ...bars,
    ...legend('Answers in a second, by release', [...keys, ['failed', ink.failed]], panel),
  ];
}

function legend(title: string, keys: readonly (readonly [string, string])[], { top }: Panel): string[] {
  const y = top - 12;
  const begin = left + 8 + title.length * 7.3;
  return [
    text(title, { x: left, y, colour: ink.text, bold: true }),
    ...keys.flatMap(([name, colour], index) => {
      const x = begin + index * 74;
      return [rect([x, y - 9], [10, 10], colour), text(name, { x: x + 15, y, colour: ink.text })];
    }),
  ];
}

/** The next of 1, 2, 4, 5 and 10 times a power of ten. */
function niceTop(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 4, 5, 10].find((step) => step * power >= value) ?? 10) * power;
}
