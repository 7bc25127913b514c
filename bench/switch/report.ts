import type { Cell } from './accounting.js';
import { kinds } from './kinds.js';
import { numberText, spreadText, table } from './markdown.js';
import { faultsOf, type RunResult } from './run.js';
import { scenarioOf } from './scenarios.js';
import { groupedBy, latencyText, requestsIn, shortKinds, totalsOf, type Totals } from './totals.js';

/** All runs in Markdown: by kind of run, by kind of client, by release, and what was not as it should be. */
export function report(results: readonly RunResult[]): string {
  const cells = results.flatMap((result) => result.cells);
  const faults = results.flatMap((result) =>
    faultsOf(result, scenarioOf(result.scenario)).map((text) => `- ${result.scenario}: ${text}`),
  );
  const { count, failed } = totalsOf(requestsIn(cells));
  const unsent = results.reduce((sum, result) => sum + result.unsent, 0);
  const messages = totalsOf(cells.filter(({ kind }) => kind === 'message')).count;
  return [
    `${results.length} ${results.length === 1 ? 'run' : 'runs'}, ${numberText(count)} requests and ${numberText(messages)} WebSocket messages, ` +
      `${numberText(failed)} of them failed.` +
      (unsent > 0 ? ` ${numberText(unsent)} more were due and not sent: their client was over 5 s behind.` : ''),
    ...['', runsTable(results), '', kindsTable(cells), '', releasesText(cells)],
    ...(faults.length > 0 ? ['', 'Not as it should be:', '', ...faults] : []),
  ].join('\n');
}

/** What one run was like, second by second. */
export function secondsTable({ cells, startedAt }: Pick<RunResult, 'cells' | 'startedAt'>): string {
  const seconds = [...groupedBy(requestsIn(cells), ({ at }) => Math.floor((at - startedAt) / 1000))];
  const rows = seconds
    .sort(([a], [b]) => a - b)
    .map(([second, own]) => {
      const short = totalsOf(own.filter(({ kind }) => shortKinds.has(kind)));
      const all = totalsOf(own);
      return [String(second), ...countsText(all), ...percentilesText(short), byReleaseText(all)];
    });
  return table(['second', ...countHeads, 'p50', 'p95', 'p99', 'answered by'], rows);
}

const countHeads = ['sent', 'non-2xx', 'resets', 'time-outs', 'wrong'];

function countsText({ count, outcomes }: Totals): string[] {
  const { 'non-2xx': status, reset, 'time-out': late, wrong } = outcomes;
  return [count, status, reset, late, wrong].map(numberText);
}

function designText({ outcomes }: Totals): string[] {
  return [outcomes.held, outcomes['told to go'], outcomes['cut by drain']].map(numberText);
}

function percentilesText({ latencies }: Totals): string[] {
  return [0.5, 0.95, 0.99].map((share) => latencyText(latencies, share));
}

function byReleaseText({ releases }: Totals): string {
  return Object.entries(releases)
    .map(([release, count]) => `${release}: ${numberText(count)}`)
    .sort()
    .join(', ');
}

function runsTable(results: readonly RunResult[]): string {
  const names = [...new Set(results.map(({ scenario }) => scenario))];
  const rows = names.map((name) => {
    const own = results.filter(({ scenario }) => scenario === name);
    const totals = totalsOf(requestsIn(own.flatMap(({ cells }) => cells)));
    return [
      `${own.length} ${scenarioOf(name).title}`,
      spreadText(own.map(({ tookMs }) => tookMs)),
      ...countsText(totals),
      ...designText(totals),
      ...rowsText(own),
    ];
  });
  const design = ['held (503)', 'told to go', 'cut by drain'];
  const rowHeads = ['rows acknowledged', 'present', 'kept aside', 'lost'];
  return table(['runs', 'wall time: median (min to max)', ...countHeads, ...design, ...rowHeads], rows);
}

function rowsText(results: readonly RunResult[]): string[] {
  const sum = (of: (result: RunResult) => number): string =>
    numberText(results.reduce((total, result) => total + of(result), 0));
  return [
    sum(({ rows }) => rows.acknowledged),
    sum(({ rows }) => rows.present),
    sum(({ rows }) => rows.aside),
    sum(({ rows }) => rows.lost.length),
  ];
}

export function kindsTable(cells: readonly Cell[]): string {
  const groups = groupedBy(cells, ({ kind }) => kind);
  const seen = kinds.filter((kind) => groups.has(kind));
  const rows = seen.map((kind) => {
    const totals = totalsOf(groups.get(kind) ?? []);
    return [kind, ...countsText(totals), ...designText(totals), ...percentilesText(totals)];
  });
  const design = ['held', 'told to go', 'cut by drain'];
  return table(['client', ...countHeads, ...design, 'p50', 'p95', 'p99'], rows);
}

function releasesText(cells: readonly Cell[]): string {
  return `Answered by ${byReleaseText(totalsOf(requestsIn(cells)))}.`;
}
