import { upsertSearchAttributes } from '@temporalio/workflow';
import type { RollbackInput } from '../model/input.js';
import { hasOtherRouters } from '../model/routers.js';
import type { SwitchPlan } from '../model/plan.js';
import type { DeployResult } from '../model/progress.js';
import { otherSlot } from '../model/slot.js';
import { finish, recordOf, tell } from './ending.js';
import { checkInput } from './input.js';
import { releaseKey } from './search-attributes.js';
import type { Story } from './story.js';
import { retireSlot, startSlot, Switch } from './switch-release.js';

/**
 * Goes back to an earlier release by the same story as a deploy. The database stays as it is: after a
 * switch nothing restores by itself, since that would lose what was written meanwhile.
 */
export async function rollback(input: RollbackInput): Promise<DeployResult> {
  const { settings, to, requestedBy, signed } = checkInput(input);
  return tell({ kind: 'rollback', settings, release: to, requestedBy, signed }, async (run) => {
    const { story, undo } = run;
    const plan = (story.plan = await prepare(story, to));
    await startSlot(story, undo, plan);
    const router = new Switch(run, plan);
    await router.over();
    return finish(story, plan, async () => {
      await retireSlot(story, plan, router.oldWorkers);
      await recordRollback(story, plan);
    });
  });
}

async function prepare(story: Story, to: string | null): Promise<SwitchPlan> {
  const { live, target } = await story.step('findRollbackTarget', { to });
  const { release, image } = target;
  const plan: SwitchPlan = { from: live, slot: otherSlot(live.slot), release, image };
  story.release = release;
  // A release that was shipped goes back to its own files too.
  if (target.directory) story.settings = { ...story.settings, directory: target.directory };
  upsertSearchAttributes([{ key: releaseKey, value: release }]);
  const { warnings } = await story.step('preflight', { release, kind: 'rollback' });
  story.warnings.push(...warnings.map(({ message, fix }) => `${message} ${fix}`));
  // The slot that is about to be replaced must be that of no router.
  if (hasOtherRouters(story.settings)) await story.step('bootstrapRouter', {});
  await story.step('fetchImages', { slot: plan.slot, release, image });
  return plan;
}

async function recordRollback(story: Story, plan: SwitchPlan): Promise<void> {
  const message = `back to ${plan.release} in ${plan.slot}; the database was kept as it is`;
  await story.attempt('recordRelease', {
    record: recordOf(story, plan, { outcome: 'succeeded', message, backup: null }),
  });
}
