import { ApplicationFailure, sleep } from '@temporalio/workflow';
import type { FailureType } from '../model/failure.js';
import { verdict, windowsOf } from '../model/judging.js';
import type { SwitchPlan } from '../model/plan.js';
import type { JudgedWindow, TrafficStats } from '../model/rollout.js';
import type { JudgingSettings } from '../model/settings.js';
import { judgedText } from '../model/step-words.js';
import { durationText } from '../model/duration-text.js';
import type { Story } from './story.js';

/** How a release is judged for a time. */
export interface Judging {
  readonly plan: SwitchPlan;
  readonly durationMs: number;
  readonly limits: JudgingSettings;
  /** As it stands in the reason of a failure: `at 25 %`. */
  readonly where: string;
  /** The release before serves, too: it is compared with in each window. Else with what it did before the first one. */
  readonly beside: boolean;
}

/**
 * Judges a release in windows of time, by durable timers: one line of the story. A time that would end with a bad window
 * goes on until a good one has come, or too many bad ones have: nothing more is given to a release that is just ill.
 *
 * @param from where the first window begins: what the time before has returned; `null`: now.
 * @throws ApplicationFailure `BakeFailed`, with the numbers.
 */
export function judge(story: Story, judging: Judging, from: string | null): Promise<string> {
  const { plan, durationMs, limits, where, beside } = judging;
  const { count, windowMs } = windowsOf(durationMs, limits);
  const { timestamp } = story;
  const { slot, release } = plan;
  const ask = (at: string | null, baseline: TrafficStats | null, summary: string): Promise<JudgedWindow> =>
    story.call('judgeTraffic', { timestamp, slot, release, from: at, baseline }, summary);
  const summary = `judge ${release} ${where} for ${durationText(durationMs)} in windows of ${durationText(windowMs)}`;
  return story.line('judgeTraffic', summary, async (say) => {
    const first = from === null ? await ask(null, null, `${where}: the first window begins`) : null;
    const before = beside || !plan.from ? null : (first?.other ?? null);
    let next = first?.next ?? from;
    for (let window = 1, bad = 0; window <= count || bad > 0; window += 1) {
      const name = window <= count ? `window ${window} of ${count}` : `window ${window}, after ${count} planned`;
      await sleep(windowMs, { summary: `${where}: ${name}` });
      const judged = await ask(next, before, `${where}: ${name}`);
      next = judged.next;
      const wrong = verdict(judged, beside ? judged.other : before, limits);
      bad = wrong === null ? 0 : bad + 1;
      say(`${name}: ${wrong === null ? judgedText(judged) : `${wrong} (bad: ${bad} of ${limits.failures} in a row)`}`);
      if (wrong !== null && bad >= limits.failures) throw tooBad(wrong, judging);
    }
    return next ?? '';
  });
}

function tooBad(wrong: string, { limits: { failures }, where }: Judging): ApplicationFailure {
  const type: FailureType = 'BakeFailed';
  const windows = failures === 1 ? '1 window' : `${failures} windows`;
  return ApplicationFailure.nonRetryable(`${wrong} for ${windows} ${where}`, type);
}
