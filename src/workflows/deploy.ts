import { patched } from '@temporalio/workflow';
import type { BackupManifest } from '../model/database.js';
import type { DeployInput } from '../model/input.js';
import { planDeploy, type SwitchPlan } from '../model/plan.js';
import type { DeployResult } from '../model/progress.js';
import type { Compensations } from './compensations.js';
import { finish, recordOf, tell } from './ending.js';
import { whileWritesAreHeld } from './hold.js';
import { checkInput } from './input.js';
import type { Story } from './story.js';
import { retireSlot, startSlot, switchRouter } from './switch-release.js';

/**
 * Deploys a release into the idle slot, switches the router to it, and undoes everything where a step fails.
 */
export async function deploy(input: DeployInput): Promise<DeployResult> {
  const { settings, release, requestedBy } = checkInput(input);
  return tell({ kind: 'deploy', settings, release, requestedBy }, async (run) => {
    const { story, undo } = run;
    const plan = (story.plan = await prepare(story, release));
    const migrates = await rehearse(story, plan);
    const { backup, workers } = await whileWritesAreHeld(run, { live: plan.from, migrates }, async () => {
      const backup = await backUp(story, undo, plan);
      await startSlot(story, undo, plan);
      return { backup, workers: await switchRouter(story, undo, plan) };
    });
    return finish(story, plan, async () => {
      await retireSlot(story, plan, workers);
      await tidyUp(story, plan, backup);
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
  if (!story.settings.database?.migrate) return null;
  const { slot, release, image } = plan;
  const rehearsal = await story.step('rehearseMigration', { slot, release, image, timestamp: story.timestamp });
  return rehearsal?.migrates ?? null;
}

async function backUp(story: Story, undo: Compensations, plan: SwitchPlan): Promise<BackupManifest | null> {
  if (!story.settings.database) return null;
  const { timestamp, deployId } = story;
  const releases = { releaseFrom: plan.from?.release ?? null, releaseTo: plan.release };
  const backup = await story.step('backupDatabase', { timestamp, deployId, ...releases });
  // Nothing to put back where there was no database; the slot is stopped first, since it may be writing.
  if (backup) undo.register('restoreDatabase', () => restore(story, backup));
  return backup;
}

/** The replica follows by itself; that it did is proven, since a replica that is wrong says nothing. */
async function restore(story: Story, backup: BackupManifest): Promise<void> {
  const result = await story.compensation('restoreDatabase', { backup, timestamp: story.timestamp });
  const { restored } = result;
  // What a release left of its migration must be seen by whoever has to decide about it.
  if (!restored && story.settings.database?.kind === 'postgres') story.warnings.push(`Database: ${result.reason}`);
  if (restored && story.settings.replica && patched('prove-replica')) await story.attempt('proveReplica', {});
}

async function tidyUp(story: Story, plan: SwitchPlan, backup: BackupManifest | null): Promise<void> {
  const live = { slot: plan.slot, release: plan.release };
  const message = `${plan.release} is live in ${plan.slot}`;
  await story.attempt('cleanUp', { live, timestamp: story.timestamp });
  const record = recordOf(story, plan, { outcome: 'succeeded', message, backup: backup?.file ?? null });
  await story.attempt('recordRelease', { record });
}
