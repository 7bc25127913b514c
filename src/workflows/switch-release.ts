import type { RouterWorker } from '../model/activities.js';
import type { SwitchPlan } from '../model/plan.js';
import type { CanaryStage } from '../model/rollout.js';
import type { Live } from '../model/slot.js';
import type { Compensations } from './compensations.js';
import type { Run } from './ending.js';
import type { Hold } from './hold.js';
import type { Story } from './story.js';

/** Starts the release in its slot and asks it; undone by stopping that slot. */
export async function startSlot(story: Story, undo: Compensations, plan: SwitchPlan): Promise<void> {
  const { slot, release, image } = plan;
  undo.register('stopSlots', () => story.compensation('stopSlots', { slots: [slot] }));
  await story.step('composeUpWait', { slot, release, image });
  await story.step('probeSlot', { slot, release });
}

/** The router, and how much of the requests it gives to the release. */
export class Switch {
  private readonly run: Run;
  private readonly plan: SwitchPlan;
  private readonly hold: Hold | null;
  /** What each reload has left behind, in order. */
  private readonly noted: (readonly RouterWorker[])[] = [];
  private writtenWhileHeld = false;

  /** `hold`: absent where writes were never held. */
  constructor(run: Run, plan: SwitchPlan, hold: Hold | null = null) {
    this.run = run;
    this.plan = plan;
    this.hold = hold;
  }

  /** Gives so many percent of the requests to the release; at 0, only those that ask for it by header. */
  share(live: Live, weight: number): Promise<void> {
    return this.load({ live, weight });
  }

  /** Throws the switch: all requests go to the release. */
  over(): Promise<void> {
    return this.load();
  }

  /** The workers that may still hold requests to the old slot, whichever of the reloads they are from. */
  get oldWorkers(): readonly RouterWorker[] {
    return withoutTwins(this.noted.flat());
  }

  private async load(stage?: CanaryStage): Promise<void> {
    const { story, undo } = this.run;
    const { slot, release } = this.plan;
    const { timestamp } = story;
    if (this.noted.length === 0) undo.register('switchBack', () => this.back());
    if (this.hold && this.hold.until !== null) this.writtenWhileHeld = true;
    const { workers } = await story.step('writeRouterConfig', {
      slot,
      release,
      timestamp,
      ...(stage ? { stage } : {}),
    });
    this.noted.push(workers);
    await story.step('reloadRouter', { slot, release, timestamp, ...(stage ? { stage } : {}) });
  }

  /** Undoes all of it by one reload, and lets requests to the new slot end. */
  private async back(): Promise<void> {
    const { story } = this.run;
    const { workers } = await story.compensation('switchBack', { timestamp: story.timestamp, live: this.plan.from });
    if (this.writtenWhileHeld) await this.hold?.notAgain();
    // Those of before the first reload know the old slot only.
    const later = this.noted.slice(1).flat();
    await story.compensation('drainSlot', { workers: withoutTwins([...workers, ...later]) });
  }
}

function withoutTwins(workers: readonly RouterWorker[]): RouterWorker[] {
  return workers.filter(
    ({ pid, startedAt, service }, at) =>
      at ===
      workers.findIndex((other) => other.pid === pid && other.startedAt === startedAt && other.service === service),
  );
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
