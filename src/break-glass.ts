import { createActivities } from './activities/index.js';
import type { Host } from './hosts/host.js';
import type { Activities, RollbackPlan } from './model/activities.js';
import { timestampOf } from './model/names.js';
import type { SwitchPlan } from './model/plan.js';
import type { StepProgress } from './model/progress.js';
import type { ReleaseRecord } from './model/release-record.js';
import { hasOtherRouters } from './model/routers.js';
import { shippedDirectory, type Settings } from './model/settings.js';
import { otherSlot } from './model/slot.js';
import { stepWords, type ArgsOf, type ResultOf } from './model/step-words.js';
import { reasonOf } from './model/reason.js';

export interface BreakGlass {
  /** The machine that the app runs on, as this process reaches it. */
  readonly host: Host;
  readonly settings: Settings;
  readonly requestedBy: string;
  readonly reason: string | null;
  /** Ends what has begun; it is undone then. */
  readonly signal: AbortSignal;
  /** Told of each step when it begins and when it has ended. */
  readonly onStep: (step: StepProgress) => void;
}

/** It failed and was undone, as far as that went. */
export class BrokenGlassError extends Error {
  override readonly name = 'BrokenGlassError';
  readonly undone: readonly string[];
  /** What could not be undone, and why. */
  readonly left: readonly string[];

  constructor(cause: unknown, undone: readonly string[], left: readonly string[]) {
    super(reasonOf(cause), { cause });
    this.undone = undone;
    this.left = left;
  }
}

type Name = keyof Activities;
type OwnArgs<N extends Name> = Omit<ArgsOf<N>, 'settings'>;

/**
 * Composition root of a rollback without Temporal: the steps of the workflow `rollback`, run by this very process. They are
 * the same activities; what is missing is what Temporal gives: retries, and somebody who goes on when this process dies.
 */
export class DirectRollback {
  readonly warnings: string[] = [];
  private readonly request: BreakGlass;
  private readonly activities: Activities;
  private readonly started = new Date();
  private readonly id: string;
  private signal: AbortSignal;

  constructor(request: BreakGlass) {
    this.request = request;
    this.signal = request.signal;
    this.id = timestampOf(this.started.getTime());
    this.activities = createActivities({
      hosts: { of: () => Promise.resolve(request.host) },
      // Steps that Temporal has asked for until now, and that nobody has taken since, are kept out as well.
      runner: (work) =>
        work({
          signal: this.signal,
          runId: `break-glass-${this.id}`,
          number: Date.now(),
          report: () => undefined,
        }),
    });
  }

  /** What it goes back to; nothing is touched. */
  async plan(to: string | null): Promise<RollbackPlan> {
    return this.step('findRollbackTarget', { to });
  }

  /** @throws {BrokenGlassError} when it failed; what was done is undone. */
  async carryOut({ live, target }: RollbackPlan): Promise<SwitchPlan> {
    const { release, image, directory } = target;
    const settings = directory === undefined ? this.request.settings : { ...this.request.settings, directory };
    const plan: SwitchPlan = { from: live, slot: otherSlot(live.slot), release, image };
    // The slot that is about to be replaced must be that of no router.
    if (hasOtherRouters(settings)) await this.step('bootstrapRouter', {}, settings);
    await this.step('fetchImages', { slot: plan.slot, release, image }, settings);
    const workers = await this.switchTo(plan, settings);
    this.mustEnd();
    await this.attempt('drainSlot', { workers }, settings);
    await this.attempt('stopSlots', { slots: [live.slot] }, settings);
    await this.attempt('recordRelease', { record: this.record(plan, settings) }, settings);
    return plan;
  }

  private async switchTo({ from, slot, release, image }: SwitchPlan, settings: Settings) {
    const timestamp = this.id;
    try {
      await this.step('composeUpWait', { slot, release, image }, settings);
      await this.step('probeSlot', { slot, release }, settings);
      const { workers } = await this.step('writeRouterConfig', { slot, release, timestamp }, settings);
      await this.step('reloadRouter', { slot, release, timestamp }, settings);
      return workers;
    } catch (error) {
      this.mustEnd();
      const back = await this.attempt('switchBack', { timestamp, live: from }, settings);
      // A slot that the router may still serve is not stopped.
      const stopped = back && (await this.attempt('stopSlots', { slots: [slot] }, settings));
      const undone = [back && 'switchBack', stopped && 'stopSlots'].filter((name) => name !== null);
      throw new BrokenGlassError(error, undone, this.warnings);
    }
  }

  /** What is live now stays so: the rest is done also when the person no longer wants to wait for it. */
  private mustEnd(): void {
    this.signal = new AbortController().signal;
  }

  private async step<N extends Name>(name: N, own: OwnArgs<N>, settings = this.request.settings): Promise<ResultOf<N>> {
    const args = { ...own, settings } as ArgsOf<N>;
    const words = stepWords[name];
    const begun = { name, kind: 'step' as const, summary: words.summary(args), startedAt: Date.now() };
    const tell = (state: StepProgress['state'], note: string | null): void =>
      this.request.onStep({ ...begun, state, note, endedAt: state === 'running' ? null : Date.now() });
    tell('running', null);
    try {
      const run = this.activities[name] as (args: ArgsOf<N>) => Promise<unknown>;
      const result = (await run(args)) as ResultOf<N>;
      tell('done', words.note(result, args));
      return result;
    } catch (error) {
      tell('failed', reasonOf(error));
      throw error;
    }
  }

  private async attempt<N extends Name>(name: N, own: OwnArgs<N>, settings: Settings): Promise<ResultOf<N> | null> {
    try {
      return await this.step(name, own, settings);
    } catch (error) {
      this.warnings.push(`${name}: ${reasonOf(error)}`);
      return null;
    }
  }

  private record({ from, slot, release, image }: SwitchPlan, settings: Settings): ReleaseRecord {
    const { requestedBy, reason } = this.request;
    return {
      deployId: `break-glass-${this.id}`,
      kind: 'rollback',
      outcome: 'succeeded',
      ...{ release, slot, image },
      previous: from?.release ?? null,
      backup: null,
      ...shippedDirectory(settings),
      requestedBy,
      startedAt: this.started.toISOString(),
      endedAt: new Date().toISOString(),
      message: `back to ${release} in ${slot} by break glass, without Temporal${reason ? ` (${reason})` : ''}; the database was kept as it is`,
      breakGlass: true,
    };
  }
}
