import { CancellationScope } from '@temporalio/workflow';
import type { BackupManifest } from '../model/database.js';
import type { Rollout, SwitchPlan } from '../model/plan.js';
import type { ApprovalSettings } from '../model/settings.js';
import type { Run } from './ending.js';
import { failureMessage } from './failure-message.js';
import type { Hold } from './hold.js';
import { judge } from './judge.js';
import { keepDatabase } from './keep-database.js';
import type { Switch } from './switch-release.js';

/** A release on its way to its users. */
export interface Rolling {
  readonly run: Run;
  readonly plan: SwitchPlan;
  readonly rollout: Rollout;
  readonly hold: Hold;
  readonly router: Switch;
}

/**
 * Makes the router note what each slot answers. The notes harm nobody: they are the last that is taken away, and nobody
 * is waited for where that fails, since the next deploy does it.
 */
export async function watchLive({ run: { story, undo }, plan: { from: live }, rollout }: Rolling): Promise<void> {
  if (!rollout.watch || !live) return;
  const { timestamp } = story;
  undo.registerLast('endWatch', async () => {
    try {
      await story.compensation('endWatch', { live, timestamp });
    } catch (error) {
      story.warnings.push(`endWatch: ${failureMessage(error)}; the next deploy takes the notes away`);
    }
  });
  await story.step('watchLive', { live, timestamp });
}

/** Asks a person where that is configured for now; before the switch, the release can be looked at by header. */
export async function askAt(
  when: ApprovalSettings['when'],
  { run, plan, rollout, hold, router }: Rolling,
): Promise<void> {
  const { approval } = rollout;
  if (approval?.when !== when) return;
  if (approval.inAdvance) return run.approval.inAdvance(run.story.progress().requestedBy);
  if (when === 'before-switch' && plan.from) await router.share(plan.from, 0);
  await run.approval.ask(approval, hold.until);
}

/**
 * Gives the release more and more of the requests, and judges it at each stage.
 *
 * Through it, users write. So a write hold ends before the first stage and not with the switch: for as long as a canary
 * lasts, nobody can be kept from writing. What is acknowledged from then on must not be undone, so from then on the
 * database stays as it is. Without a hold that is so from the first stage on that is proven.
 */
export async function canary(rolling: Rolling, backup: BackupManifest | null): Promise<void> {
  const { run, plan, rollout, hold, router } = rolling;
  const { from: live } = plan;
  const { canary: planned } = rollout;
  if (!planned || !live) return;
  if (hold.until !== null) keepDatabase(run, backup);
  await hold.mustLetWritesThrough(live);
  const { stages, pauseMs: durationMs, limits } = planned;
  let next: string | null = null;
  await run.story.during('canary', async () => {
    for (const weight of stages) {
      await router.share(live, weight);
      keepDatabase(run, backup);
      next = await judge(run.story, { plan, durationMs, limits, where: `at ${weight} %`, beside: true }, next);
    }
  });
  await askAt('after-canary', rolling);
}

/** Judges the release once it has all users; the slot from before stays up, so that going back takes one reload. */
export async function bake({ run, plan, rollout, hold }: Rolling, backup: BackupManifest | null): Promise<void> {
  if (!rollout.bake) return;
  const { durationMs, limits } = rollout.bake;
  keepDatabase(run, backup);
  await CancellationScope.nonCancellable(() => hold.letWritesThrough({ slot: plan.slot, release: plan.release }));
  await run.story.during('baking', async () => {
    await judge(run.story, { plan, durationMs, limits, where: 'after the switch', beside: false }, null);
  });
}

/** The release is there to stay: nobody has to compare it any more. */
export async function endWatch({ run: { story }, plan: { slot, release }, rollout }: Rolling): Promise<void> {
  if (rollout.watch) await story.attempt('endWatch', { live: { slot, release }, timestamp: story.timestamp });
}
