import { formatDuration } from '../config/duration.js';
import type { Finding } from '../model/finding.js';
import { outlastsHold, type PlannedStep, type SwitchPlan } from '../model/plan.js';
import { sqliteSettings, type Settings } from '../model/settings.js';
import { liveText, type Live } from '../model/slot.js';
import { rehearsalNote, seconds } from '../model/step-words.js';
import type { Rehearsal } from '../model/database.js';
import { pc } from './colours.js';
import type { PlannedRehearsal } from './plan-rehearsal.js';

/** What a deploy would do: found by reading only. */
export interface DeployPlan {
  readonly plan: SwitchPlan;
  readonly steps: readonly PlannedStep[];
  readonly findings: readonly Finding[];
  /** Why it would not begin now, beyond the findings: what runs, or what was left. Empty: it would. */
  readonly inTheWay: readonly string[];
  readonly backups: PlannedBackups;
  /** `null`: nobody asked for one. */
  readonly rehearsal: PlannedRehearsal | null;
}

export interface PlannedBackups {
  /** Names of those that the clean-up would remove. */
  readonly removes: readonly string[];
  /** Why that cannot be told; `null`: it can. */
  readonly unknown: string | null;
}

/** For how long writes would be refused at most, and what is known of how long it will really be. */
export interface PlannedHold {
  readonly atMostMs: number;
  /** After this the router lets writes through by itself, whatever died. */
  readonly routerEndsAfterMs: number;
  /** The rehearsal of the deploy predicts it before any write is held. */
  readonly predicted: boolean;
  /** Only if the rehearsal finds that the database is migrated. */
  readonly onlyIfMigrated: boolean;
}

/** `null`: writes go through all the time. Before a first release nobody writes. */
export function plannedHold(settings: Settings, live: Live | null): PlannedHold | null {
  const hold = settings.database?.holdWrites;
  if (!hold || !live) return null;
  const predicted = sqliteSettings(settings)?.migrate !== undefined;
  return {
    atMostMs: hold.timeoutMs,
    routerEndsAfterMs: 2 * hold.timeoutMs + settings.drain.timeoutMs,
    ...{ predicted, onlyIfMigrated: predicted && settings.database?.restore === 'if-migrated' },
  };
}

/** The plan for a person, in the order in which it would happen. */
export function deployPlanText(settings: Settings, planned: DeployPlan): string {
  const { plan, steps, findings, inTheWay, rehearsal } = planned;
  const { project, environment, slots } = settings;
  const stops = plan.from ? `; ${slots[plan.from.slot]} is stopped in the end` : '';
  return [
    pc.bold(`plan of deploy ${plan.release} · ${project}/${environment}`),
    `live      ${liveText(plan.from)}`,
    `next      ${liveText(plan)} in ${slots[plan.slot]}, with ${plan.image}${stops}`,
    ...stepLines(steps),
    ...rehearsalLines(rehearsal),
    `writes    ${holdText(plannedHold(settings, plan.from), rehearsal)}`,
    `backups   ${backupsText(settings, planned.backups)}`,
    ...findings.map(findingText),
    ...inTheWay.map((what) => pc.yellow(`in the way: ${what}`)),
    endingText(settings, planned),
  ].join('\n');
}

function stepLines(steps: readonly PlannedStep[]): string[] {
  const width = Math.max(...steps.map(({ name }) => name.length));
  return steps.map(({ name, what }, at) => {
    const head = at === 0 ? 'steps' : '';
    return `${head.padEnd(8)}${String(at + 1).padStart(3)}. ${name.padEnd(width)}  ${what}`;
  });
}

function rehearsalLines(rehearsal: PlannedRehearsal | null): string[] {
  if (!rehearsal) return [];
  switch (rehearsal.state) {
    case 'done':
      return [`rehearsed ${rehearsalNote(rehearsal.rehearsal)}`, ...quoted(rehearsal.rehearsal.output)];
    case 'failed':
      return [pc.red(`rehearsed ${rehearsal.reason}`), ...quoted(rehearsal.lines)];
    case 'none':
      return [`rehearsed no: ${rehearsal.reason}`];
  }
}

function quoted(lines: readonly string[]): string[] {
  return lines.map((line) => pc.dim(`          │ ${line}`));
}

function holdText(hold: PlannedHold | null, rehearsal: PlannedRehearsal | null): string {
  const rehearsed = rehearsal?.state === 'done' ? rehearsal.rehearsal : null;
  if (!hold || (hold.onlyIfMigrated && rehearsed?.migrates === false)) return 'go through all the time';
  const itself = `the router itself lets them through after ${formatDuration(hold.routerEndsAfterMs)} at the latest`;
  const only = hold.onlyIfMigrated && !rehearsed ? 'only if it migrates, ' : '';
  return `${only}held (503) for ${formatDuration(hold.atMostMs)} at most: ${expectedText(hold, rehearsed)}; ${itself}`;
}

function expectedText({ predicted, atMostMs }: PlannedHold, rehearsed: Rehearsal | null): string {
  if (!predicted) return 'how long it really takes is not known before (no database.migrate)';
  if (!rehearsed) return "the deploy's own rehearsal predicts how long, and ends it where that is too long";
  const tooLong = rehearsed.predictedMs > atMostMs ? ', which is too long: the deploy would end there' : '';
  return `the migration is expected to take ${seconds(rehearsed.predictedMs)} of it${tooLong}`;
}

/** Whether the deploy would end at its own rehearsal, as this one came out. */
export function endsAtRehearsal({ database }: Settings, { rehearsal }: Pick<DeployPlan, 'rehearsal'>): boolean {
  if (rehearsal?.state === 'failed') return true;
  return rehearsal?.state === 'done' && outlastsHold(rehearsal.rehearsal, database?.holdWrites);
}

function backupsText({ database }: Settings, { removes, unknown }: PlannedBackups): string {
  if (!database) return 'none: there is no database that pointsman looks after';
  if (unknown !== null) return `which would go cannot be told: ${unknown}`;
  const kept = `one is made, and the last ${database.keepBackups} stay`;
  return `${kept}; ${removes.length > 0 ? `would go: ${removes.join(', ')}` : 'none would go'}`;
}

/** As `pointsman check` has it. */
export function findingText({ severity, message, fix, check }: Finding): string {
  return `${severity === 'error' ? pc.red('error') : pc.yellow('warning')} [${check}] ${message} ${fix}`;
}

function endingText(settings: Settings, planned: DeployPlan): string {
  return `${verdictOf(settings, planned)}; nothing was started or changed`;
}

function verdictOf(settings: Settings, planned: DeployPlan): string {
  const errors = planned.findings.filter(({ severity }) => severity === 'error').length;
  if (errors > 0) return `preflight would refuse it: ${errors} to mend first`;
  if (planned.inTheWay.length > 0) return 'not now';
  return endsAtRehearsal(settings, planned) ? 'the deploy would end at its rehearsal' : 'ready to deploy';
}
