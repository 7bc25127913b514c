import type { BackupManifest } from './database.js';
import type { SwitchPlan } from './plan.js';
import type { CanaryStage } from './rollout.js';
import type { Settings } from './settings.js';
import type { Live, Slot } from './slot.js';

/** A step as the history of a run tells of it. */
export interface ToldStep {
  readonly name: string;
  readonly args: unknown;
  /** Absent: it did not end well. */
  readonly result?: unknown;
}

/** The run that was ended, beyond its steps. */
export interface EndedRun {
  readonly runId: string;
  readonly kind: 'deploy' | 'rollback';
  readonly requestedBy: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly endedAt: string;
  /** Who ended it and why, in Temporal's words; empty where it does not say. */
  readonly by: string;
  readonly settings: Settings;
}

/**
 * What a run that was ended from outside (terminated in Temporal, which runs no code) may have left behind: told from its
 * history, and nothing but a suspicion until the host was asked.
 */
export interface EndedOutside extends Omit<EndedRun, 'settings'> {
  readonly plan: SwitchPlan;
  /** The last step that it had begun. */
  readonly lastStep: string;
  /** Taken before the release was started; `null`: there is none, or it was put back already. */
  readonly backup: BackupManifest | null;
  /** The release was started and not proven live: the database may be another one than before, and nobody put it back. */
  readonly mayHaveMigrated: boolean;
  /** Present where the router may give a part of the requests to the release, beside what is live. */
  readonly staged?: true;
  /** Where the files of a shipped release lie. */
  readonly directory: string;
}

/** From these on, something of the host is another than before. */
const touching = ['holdWrites', 'composeUpWait', 'writeRouterConfig'];

/** `null`: it had touched nothing that anybody has to put in order. */
export function leftBy({ settings, ...run }: EndedRun, steps: readonly ToldStep[]): EndedOutside | null {
  const plan = planOf(steps);
  const last = steps.at(-1);
  if (!plan || !last || !steps.some(({ name }) => touching.includes(name))) return null;
  const restored = ended(steps, 'restoreDatabase') !== undefined;
  const backup = restored ? null : ((ended(steps, 'backupDatabase') as BackupManifest | null | undefined) ?? null);
  const started = steps.some(({ name }) => name === 'composeUpWait');
  const back = steps.some(({ name }) => name === 'switchBack');
  const switched =
    steps.some((step) => step.name === 'reloadRouter' && step.result !== undefined && !stageOf(step)) && !back;
  const mayHaveMigrated = backup !== null && started && !switched && settings.database?.restore !== 'never';
  const written = steps.findLast(({ name }) => name === 'writeRouterConfig');
  const staged = written && stageOf(written) ? ({ staged: true } as const) : {};
  return { ...run, plan, lastStep: last.name, backup, mayHaveMigrated, ...staged, directory: settings.directory };
}

/** The part of the requests that a config of the router gives to the release; absent: all. */
function stageOf({ args }: ToldStep): CanaryStage | undefined {
  return (args as { stage?: CanaryStage }).stage;
}

/** Whether what the router serves is what the run had set out to make live. */
export function isLiveNow({ plan }: Pick<EndedOutside, 'plan'>, live: Live | null): boolean {
  return live !== null && live.slot === plan.slot && live.release === plan.release;
}

function planOf(steps: readonly ToldStep[]): SwitchPlan | null {
  const fetched = steps.find(({ name }) => name === 'fetchImages');
  if (!fetched) return null;
  const started = steps.find(({ name }) => name === 'composeUpWait') ?? fetched;
  const { slot, release, image } = started.args as { slot: Slot; release: string; image: string };
  const told = ['bootstrapRouter', 'findRollbackTarget', 'preflight'].map((name) => ended(steps, name));
  const { live } = (told.find(Boolean) ?? { live: null }) as { live: Live | null };
  return { from: live, slot, release, image };
}

/** What a step answered, the last time that it did. */
function ended(steps: readonly ToldStep[], wanted: string): unknown {
  return steps.findLast(({ name, result }) => name === wanted && result !== undefined)?.result;
}
