import { ApplicationFailure, patched } from '@temporalio/workflow';
import { leftAsItIs, type BackupManifest, type Rehearsal } from '../model/database.js';
import type { FailureType } from '../model/failure.js';
import type { DeployInput } from '../model/input.js';
import { outlastsHold, planDeploy, planRollout, type Rollout, type SwitchPlan } from '../model/plan.js';
import type { DeployResult } from '../model/progress.js';
import { sqliteSettings, type HoldSettings } from '../model/settings.js';
import type { Compensations } from './compensations.js';
import { finish, recordOf, tell, type Run } from './ending.js';
import { Hold } from './hold.js';
import { checkInput } from './input.js';
import { askAt, bake, canary, endWatch, watchLive } from './rollout.js';
import type { Story } from './story.js';
import { retireSlot, startSlot, Switch } from './switch-release.js';

/**
 * Deploys a release into the idle slot, switches the router to it (in stages and judged, where that is configured), and
 * undoes everything where a step fails.
 */
export async function deploy(input: DeployInput): Promise<DeployResult> {
  const { settings, release, requestedBy, signed, approved } = checkInput(input);
  return tell({ kind: 'deploy', settings, release, requestedBy, signed }, async (run) => {
    const { story, undo } = run;
    const plan = (story.plan = await prepare(story, release));
    const rollout = planRollout(settings, { live: plan.from, approved });
    const migrates = await rehearse(story, plan);
    const hold = holdFor(run, plan, { rollout, migrates });
    const router = new Switch(run, plan, hold);
    const rolling = { run, plan, rollout, hold, router };
    const backup = await hold.over(async () => {
      const made = await backUp(story, undo, plan);
      await watchLive(rolling);
      await startSlot(story, undo, plan);
      await askAt('before-switch', rolling);
      if (!rollout.canary) await router.over();
      return made;
    });
    if (rollout.canary) {
      await canary(rolling, backup);
      await router.over();
    }
    await bake(rolling, backup);
    return finish(story, plan, async () => {
      await hold.letWritesThrough({ slot: plan.slot, release: plan.release });
      // Neither needs the other, and what is tidied would be waited for.
      const together = patched('tidy-while-draining');
      const retired = retireSlot(story, plan, router.oldWorkers);
      if (together) await tidyUp(story, plan);
      await retired;
      await endWatch(rolling);
      if (!together) await tidyUp(story, plan);
      await record(story, plan, backup);
    });
  });
}

/** Everything that touches neither the app nor its database. */
async function prepare(story: Story, release: string): Promise<SwitchPlan> {
  const { live, warnings } = await story.step('preflight', { release, kind: 'deploy' });
  story.warnings.push(...warnings.map(({ message, fix }) => `${message} ${fix}`));
  const { slot, image } = planDeploy(story.settings, release, live);
  await story.step('fetchImages', { slot, release, image });
  const bootstrapped = await story.step('bootstrapRouter', {});
  return planDeploy(story.settings, release, bootstrapped.live);
}

/** Runs the migrations on a copy, so that most bad ones never reach the live database; tells whether they change it. */
async function rehearse(story: Story, plan: SwitchPlan): Promise<boolean | null> {
  const database = sqliteSettings(story.settings);
  if (!database?.migrate) return null;
  const { slot, release, image } = plan;
  const rehearsal = await story.step('rehearseMigration', { slot, release, image, timestamp: story.timestamp });
  if (rehearsal) requireWithinHold(rehearsal, database.holdWrites);
  return rehearsal?.migrates ?? null;
}

/** Better told now than when the hold ends in the middle of the migration. */
function requireWithinHold(rehearsal: Rehearsal, hold: HoldSettings | undefined): void {
  if (!hold || !outlastsHold(rehearsal, hold)) return;
  const type: FailureType = 'RehearsalFailed';
  throw ApplicationFailure.nonRetryable(
    `the migration is expected to take ${Math.ceil(rehearsal.predictedMs / 1000)} s, and writes may be held for ` +
      `${hold.timeoutMs / 1000} s only: raise database.holdWrites.timeout`,
    type,
  );
}

/** Where the rehearsal showed that nothing would be restored, nobody has to be kept from writing. */
function holdFor(
  run: Run,
  { from: live }: SwitchPlan,
  { rollout: { hold }, migrates }: { readonly rollout: Rollout; readonly migrates: boolean | null },
): Hold {
  const unneeded = hold?.onlyIfMigrated && migrates === false;
  return new Hold(run, hold && live && !unneeded ? { settings: hold, live } : null);
}

async function backUp(story: Story, undo: Compensations, plan: SwitchPlan): Promise<BackupManifest | null> {
  if (!story.settings.database) return null;
  const { timestamp, deployId } = story;
  const releases = { releaseFrom: plan.from?.release ?? null, releaseTo: plan.release };
  const backup = await story.step('backupDatabase', { timestamp, deployId, ...releases });
  // Nothing to put back where there was no database; the slot is stopped first, since it may be writing.
  if (backup && story.settings.database.kind === 'postgres') undo.afterwards(() => tellOf(story, backup));
  else if (backup) undo.register('restoreDatabase', () => restore(story, undo, backup));
  return backup;
}

/** The replica follows by itself; that it did is proven, since a replica that is wrong says nothing. */
async function restore(story: Story, undo: Compensations, backup: BackupManifest): Promise<void> {
  const { restored } = await story.compensation('restoreDatabase', { backup, timestamp: story.timestamp });
  if (restored && story.settings.replica && patched('prove-replica')) {
    undo.afterwards(() => story.attempt('proveReplica', {}));
  }
}

/** PostgreSQL is left as it is, so nothing is undone here: whoever has to decide must see what the release left. */
async function tellOf(story: Story, backup: BackupManifest): Promise<void> {
  const found = await story.attempt('restoreDatabase', { backup, timestamp: story.timestamp });
  story.warnings.push(`PostgreSQL: ${found?.reason ?? leftAsItIs(backup)}`);
}

async function tidyUp(story: Story, { slot, release }: SwitchPlan): Promise<void> {
  await story.attempt('cleanUp', { live: { slot, release }, timestamp: story.timestamp });
}

async function record(story: Story, plan: SwitchPlan, backup: BackupManifest | null): Promise<void> {
  const message = `${plan.release} is live in ${plan.slot}`;
  const ending = { outcome: 'succeeded', message, backup: backup?.file ?? null } as const;
  await story.attempt('recordRelease', { record: recordOf(story, plan, ending) });
}
