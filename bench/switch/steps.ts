/** A step of a deploy, as `--json` prints it. Times are milliseconds since 1970. */
export interface Step {
  readonly name: string;
  readonly kind: string;
  readonly state: string;
  readonly startedAt: number;
  readonly endedAt: number;
}

/** The steps that ended, in their order; lines that are no steps are left out. */
export function stepsOf(output: string): Step[] {
  return output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Partial<Step> & { readonly event?: string })
    .filter(({ event, endedAt }) => event === 'step' && typeof endedAt === 'number')
    .map(({ name = '', kind = '', state = '', startedAt = 0, endedAt = 0 }) => ({
      name,
      kind,
      state,
      startedAt,
      endedAt,
    }));
}

/** Steps that make nginx end its workers. */
const reloading = new Set(['reloadRouter', 'switchBack', 'holdWrites', 'releaseWrites']);

export function reloadsOf(steps: readonly Step[]): number[] {
  return steps.filter(({ name }) => reloading.has(name)).map(({ startedAt }) => startedAt);
}
