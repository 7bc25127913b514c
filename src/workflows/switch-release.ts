import type { SwitchPlan } from '../model/plan.js';
import type { RouterWorker } from '../model/activities.js';
import type { Compensations } from './compensations.js';
import type { Story } from './story.js';

/** Starts the release in its slot and asks it; undone by stopping that slot. */
export async function startSlot(story: Story, undo: Compensations, plan: SwitchPlan): Promise<void> {
  const { slot, release, image } = plan;
  undo.register('stopSlots', () => story.compensation('stopSlots', { slots: [slot] }));
  await story.step('composeUpWait', { slot, release, image });
  await story.step('probeSlot', { slot, release });
}

/** Throws the switch; undone by switching back and letting requests to the new slot end. */
export async function switchRouter(
  story: Story,
  undo: Compensations,
  plan: SwitchPlan,
): Promise<readonly RouterWorker[]> {
  const { slot, release, from } = plan;
  const { timestamp } = story;
  undo.register('switchBack', async () => {
    const { workers } = await story.compensation('switchBack', { timestamp, live: from });
    await story.compensation('drainSlot', { workers });
  });
  const { workers } = await story.step('writeRouterConfig', { slot, release, timestamp });
  await story.step('reloadRouter', { slot, release, timestamp });
  return workers;
}

/**
 * Ends the old slot once its requests have ended. The new release serves already, so what fails here
 * is a warning and not a failed deploy.
 */
export async function retireSlot(story: Story, plan: SwitchPlan, workers: readonly RouterWorker[]): Promise<void> {
  if (!plan.from) return;
  await story.attempt('drainSlot', { workers });
  await story.attempt('stopSlots', { slots: [plan.from.slot] });
}
