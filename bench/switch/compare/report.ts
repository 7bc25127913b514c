import type { Cell, Sample } from '../accounting.js';
import { median, numberText, secondsText, spreadText, table } from '../markdown.js';
import type { Rows } from '../rows.js';
import type { Step } from '../steps.js';
import { requestsIn, totalsOf } from '../totals.js';
import type { ContenderName } from './contenders.js';

export const mixes = ['short', 'light', 'all'] as const;
export type Mix = (typeof mixes)[number];

/** One deploy of one contender, as it is kept. */
export interface RoundResult {
  readonly contender: ContenderName;
  readonly title: string;
  readonly mix: Mix;
  readonly startedAt: number;
  readonly tookMs: number;
  readonly exitCode: number;
  readonly said?: string;
  readonly routerLog?: string;
  /** What it was made on. */
  readonly machine: string;
  readonly steps: readonly Step[];
  readonly cells: readonly Cell[];
  readonly odd: readonly Sample[];
  readonly rows: Rows;
}

const mixTitles: Readonly<Record<Mix, string>> = {
  short: 'Under short requests, about 300 in a second: no drain waits for anybody',
  light: 'Under short requests, about 60 in a second',
  all: 'Under every kind of client: a drain waits for whatever is under way',
};

const whereTitles: Readonly<Record<Exclude<Mix, 'all'>, string>> = {
  short: 'Where the time goes under about 300 requests in a second',
  light: 'Where the time goes under about 60 requests in a second',
};

/** Why a deploy was not without a failure; `null` where it was. */
export function faultOf({ exitCode, cells, rows }: RoundResult): string | null {
  const { failed } = totalsOf(requestsIn(cells));
  const faults = [
    ...(exitCode === 0 ? [] : [`it ended with ${exitCode}`]),
    ...(failed === 0 ? [] : [`${failed} requests failed`]),
    ...(rows.lost.length === 0 ? [] : [`${rows.lost.length} rows lost`]),
  ];
  return faults.length === 0 ? null : faults.join(', ');
}

export function compareReport(results: readonly RoundResult[]): string {
  const made = mixes.filter((mix) => results.some((result) => result.mix === mix));
  return [
    ...made.flatMap((mix) => [`${mixTitles[mix]}:`, '', contendersTable(results.filter((one) => one.mix === mix)), '']),
    ...made
      .filter((mix) => mix !== 'all')
      .flatMap((mix) => [
        `${whereTitles[mix]} (medians; pointsman cleans up while it drains):`,
        '',
        stepsTable(results.filter((one) => one.mix === mix)),
        '',
      ]),
  ]
    .join('\n')
    .trimEnd();
}

function contendersTable(results: readonly RoundResult[]): string {
  const names = [...new Set(results.map(({ contender }) => contender))];
  const rows = names.map((name) => {
    const own = results.filter(({ contender }) => contender === name);
    const failures = own.map(({ cells }) => totalsOf(requestsIn(cells)).failed);
    const { count, failed, outcomes } = totalsOf(requestsIn(own.flatMap(({ cells }) => cells)));
    const { 'non-2xx': status, reset, 'time-out': late, wrong } = outcomes;
    return [
      own[0]?.title ?? name,
      String(own.length),
      spreadText(own.map(({ tookMs }) => tookMs)),
      ratioText(results, name),
      numberText(count),
      `${median(failures)} (${Math.min(...failures)} to ${Math.max(...failures)})`,
      `${((100 * failed) / Math.max(1, count)).toFixed(2)} %`,
      [status, reset, late, wrong].map(numberText).join(' / '),
      numberText(own.reduce((sum, { rows: { lost } }) => sum + lost.length, 0)),
    ];
  });
  const failedHeads = ['failed in a deploy', 'failed', 'non-2xx / resets / time-outs / wrong', 'rows lost'];
  return table(
    ['', 'deploys', 'wall time: median (min to max)', 'ratio to the script', 'requests', ...failedHeads],
    rows,
  );
}

/** Of each round by itself, since the machine is another one from minute to minute; then their median. */
export function ratiosTo(results: readonly RoundResult[], name: ContenderName, base: ContenderName): number[] {
  const of = (wanted: ContenderName): number[] =>
    results.filter(({ contender }) => contender === wanted).map(({ tookMs }) => tookMs);
  const bases = of(base);
  return of(name)
    .slice(0, bases.length)
    .map((ms, round) => ms / (bases[round] ?? ms));
}

function ratioText(results: readonly RoundResult[], name: ContenderName): string {
  const ratios = ratiosTo(results, name, 'script');
  if (ratios.length === 0) return '';
  return `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})`;
}

/** What the two of them do under other names, side by side; what is left over is before, between and after the steps. */
const pairs: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['checks', ['preflight', 'fetchImages'], ['preflight']],
  ['router and shared services', ['bootstrapRouter'], ['bootstrap']],
  ['backup', ['backupDatabase'], ['backup']],
  ['start of the slot, until healthy', ['composeUpWait'], ['start']],
  ['the slot asked', ['probeSlot'], ['probe']],
  ['config', ['writeRouterConfig'], ['config']],
  ['reload and proof', ['reloadRouter'], ['reload']],
  ['drain', ['drainSlot'], ['drain']],
  ['stop of the old slot', ['stopSlots'], ['stop']],
  ['clean-up and record', ['cleanUp', 'recordRelease'], ['prune']],
];

function stepsTable(results: readonly RoundResult[]): string {
  const [mine, theirs] = (['pointsman', 'script'] as const).map((name) =>
    results.filter(({ contender }) => contender === name),
  );
  const rows = pairs.map(([title, own, other]) => [title, timeOf(mine ?? [], own), timeOf(theirs ?? [], other)]);
  const rest = ['before, between and after the steps', restOf(mine ?? []), restOf(theirs ?? [])];
  return table(['', 'pointsman', 'script'], [...rows, rest]);
}

function stepMs({ steps }: RoundResult, names: readonly string[]): number {
  return steps
    .filter(({ name }) => names.includes(name))
    .reduce((sum, { startedAt, endedAt }) => sum + endedAt - startedAt, 0);
}

function timeOf(results: readonly RoundResult[], names: readonly string[]): string {
  return secondsText(median(results.map((result) => stepMs(result, names))));
}

function restOf(results: readonly RoundResult[]): string {
  return secondsText(median(results.map(({ tookMs, steps }) => tookMs - coveredMs(steps))));
}

/** How long at least one step was under way. */
export function coveredMs(steps: readonly Pick<Step, 'startedAt' | 'endedAt'>[]): number {
  let covered = 0;
  let until = 0;
  for (const { startedAt, endedAt } of [...steps].sort((one, other) => one.startedAt - other.startedAt)) {
    covered += Math.max(0, endedAt - Math.max(until, startedAt));
    until = Math.max(until, endedAt);
  }
  return covered;
}
