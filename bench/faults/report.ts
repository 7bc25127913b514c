import { commandOf, nameOf, type Cell, type Kill } from './cells.js';
import type { Resume } from './timeline.js';

/** What came of one cell, as it is kept. */
export interface CellResult {
  readonly cell: Cell;
  /** `false`: there was nothing to kill at that moment. */
  readonly struck: boolean;
  /** In what the end differs from that of the run without a kill; empty: in nothing. */
  readonly differences: readonly string[];
  readonly failures: Readonly<Record<string, number>>;
  /** Requests that failed because the part that served them was killed: in flight, or sent before it was back. */
  readonly excused: number;
  readonly requests: number;
  readonly committed: number;
  readonly lost: number;
  readonly resume: Resume | null;
  readonly tookMs: number;
  /** From the kill until the last part that served was back; absent where none did, and in results of before it was measured. */
  readonly outageMs?: number;
}

export function failedRequests({ failures }: Pick<CellResult, 'failures'>): number {
  return Object.values(failures).reduce((sum, count) => sum + count, 0);
}

/** Why a cell is not as it should be; `null` when it is. */
export function fault(result: CellResult): string | null {
  const failed = failedRequests(result);
  const kinds = Object.entries(result.failures).map(([kind, count]) => `${count} × ${kind}`);
  const reasons = [
    ...result.differences,
    ...(result.lost > 0 ? [`${result.lost} rows lost`] : []),
    ...(failed > 0 ? [`${kinds.join(', ')} of ${result.requests} requests`] : []),
  ];
  return reasons.length === 0 ? null : reasons.join('; ');
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}

/** The whole matrix in Markdown. */
export function report(results: readonly CellResult[]): string {
  const struck = results.filter((result) => result.struck);
  const kills = [...new Set(struck.map(({ cell }) => cell.kill))];
  const wrong = struck.filter((result) => fault(result) !== null);
  return [
    summary(struck, wrong.length),
    '',
    table(['scenario', 'step', ...kills], stepRows(struck, kills)),
    '',
    'Each cell: ends as without a kill, of the cells before, in the middle of and after the step. ' +
      'In brackets: requests that a killed part had in flight, or would have got until it was back; no other one failed, ' +
      'or the cell is not counted.',
    '',
    table(['killed', 'cells', 'went on after (median)', 'worst', 'at'], resumeRows(struck, kills)),
    ...kills.flatMap((kill) => outageText(kill, struck)),
    ...(wrong.length > 0 ? ['', ...wrong.map((result) => `- \`${commandOf(result.cell)}\`: ${fault(result)}`)] : []),
  ].join('\n');
}

function summary(results: readonly CellResult[], wrong: number): string {
  const sum = (of: (result: CellResult) => number): string =>
    results.reduce((total, result) => total + of(result), 0).toLocaleString('en');
  return [
    `${results.length} cells, ${wrong} of them not as they should be.`,
    `Different end states: ${results.filter(({ differences }) => differences.length > 0).length}.`,
    `Requests: ${sum(({ requests }) => requests)}, failed: ${sum(failedRequests)}, and ${sum(({ excused }) => excused)} of a part that was killed.`,
    `Rows committed: ${sum(({ committed }) => committed)}, lost: ${sum(({ lost }) => lost)}.`,
  ].join('\n');
}

function stepRows(results: readonly CellResult[], kills: readonly Kill[]): string[][] {
  const rows = new Map<string, CellResult[]>();
  for (const result of results) {
    const { scenario, step, nth } = result.cell;
    const key = `${scenario} | ${step}${nth > 1 ? ` (${nth})` : ''}`;
    rows.set(key, [...(rows.get(key) ?? []), result]);
  }
  return [...rows].map(([key, all]) => [
    ...key.split(' | '),
    ...kills.map((kill) => cellText(all.filter(({ cell }) => cell.kill === kill))),
  ]);
}

function cellText(results: readonly CellResult[]): string {
  if (results.length === 0) return '';
  const good = results.filter((result) => fault(result) === null).length;
  const failed = results.reduce((sum, { excused }) => sum + excused, 0);
  return `${good} of ${results.length}${failed > 0 ? ` (${failed})` : ''}`;
}

function resumeRows(results: readonly CellResult[], kills: readonly Kill[]): string[][] {
  return kills.map((kill) => {
    const all = results.filter(({ cell }) => cell.kill === kill);
    // Where the attempt that ran came to its own end, nothing had to go on.
    const resumed = all.filter(({ resume }) => resume !== null && resume.how !== 'same');
    const times = resumed.map(({ resume }) => resume?.ms ?? 0);
    const worst = resumed.find(({ resume }) => resume?.ms === Math.max(...times));
    const { cell } = worst ?? {};
    return [
      kill,
      `${resumed.length} of ${all.length}`,
      secondsText(median(times)),
      secondsText(Math.max(0, ...times)),
      cell ? nameOf(cell) : '',
    ];
  });
}

/** How long users were without what was killed, where that was measured. */
function outageText(kill: Kill, results: readonly CellResult[]): string[] {
  const known = results.flatMap(({ cell, outageMs }) => (cell.kill === kill && outageMs ? [{ cell, outageMs }] : []));
  const [worst] = [...known].sort((one, other) => other.outageMs - one.outageMs);
  if (!worst) return [];
  const middle = secondsText(median(known.map(({ outageMs }) => outageMs)));
  return [
    '',
    `After a kill of ${kill} all was back in ${middle} in the median, in ${secondsText(worst.outageMs)} at worst (${nameOf(worst.cell)}).`,
  ];
}

function secondsText(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
