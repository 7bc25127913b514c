import { ApplicationFailure, sleep } from '@temporalio/workflow';
import type { RouterWorker } from '../model/activities.js';
import { isLiveNow, type EndedOutside } from '../model/ended-outside.js';
import type { FailureType } from '../model/failure.js';
import type { RecoverInput } from '../model/input.js';
import type { RecoverResult } from '../model/progress.js';
import type { ReleaseRecord } from '../model/release-record.js';
import { hasOtherRouters } from '../model/routers.js';
import { shippedDirectory } from '../model/settings.js';
import { otherSlot, type Live } from '../model/slot.js';
import { finishTask, tell } from './ending.js';
import { failureMessage } from './failure-message.js';
import { checkInput } from './input.js';
import type { Story } from './story.js';

/** A step of the run that was ended learns of it with its next heartbeat, and ends what it had started. */
const settleMs = 10_000;

/**
 * Puts in order what a run left that was ended from outside: what the router serves stays, the other slot is stopped, a
 * write hold ends, and the router's files say what it serves. The database goes back, by the rule, only where a person
 * has said so.
 */
export async function recover(input: RecoverInput): Promise<RecoverResult> {
  const { settings, requestedBy, signed, ended, database } = checkInput(input);
  return tell({ kind: 'recover', settings, release: ended.plan.release, requestedBy, signed }, async ({ story }) => {
    await sleep(Math.max(1, Date.parse(ended.endedAt) + settleMs - Date.now()));
    const live = await whatIsLive(story);
    story.release = live?.release ?? null;
    // Another router than the one that tells what is live may serve the other slot still.
    const settled = ended.staged || hasOtherRouters(settings);
    if (settled) await takeUsersBack(story, live);
    await stopOther(story, ended, live);
    if (database === 'restore') await restore(story, ended, live);
    if (!settled) await settleRouter(story, live);
    await story.attempt('recordRelease', { record: recordOf(story, ended, live) });
    return { ...finishTask(story), live };
  });
}

/** Asked at the router, and then at the slot itself: nothing may be stopped beside one that does not answer. */
async function whatIsLive(story: Story): Promise<Live | null> {
  const found = await story.step('findLive', {});
  const live = found.live ?? (await story.step('bootstrapRouter', {})).live;
  if (!live?.release) return live;
  try {
    await story.step('probeSlot', { slot: live.slot, release: live.release });
    return live;
  } catch (error) {
    const type: FailureType = 'SlotUnhealthy';
    const message =
      `the router serves ${live.slot} (${live.release}), which does not answer as it should: ${failureMessage(error)}; ` +
      'nothing was stopped. Mend it and recover again, or go back: pointsman rollback';
    story.explainFailure(message);
    throw ApplicationFailure.nonRetryable(message, type);
  }
}

/** Where the router cannot tell what it serves, its file may name another slot than the one it has loaded. */
async function stopOther(story: Story, { plan }: EndedOutside, live: Live | null): Promise<void> {
  if (live && live.release === null) {
    story.warnings.push(
      "what the router serves cannot be proven, since its config is not pointsman's: no slot was stopped",
    );
    return;
  }
  await story.step('stopSlots', { slots: [live ? otherSlot(live.slot) : plan.slot] });
}

async function restore(story: Story, ended: EndedOutside, live: Live | null): Promise<void> {
  if (!ended.backup) return;
  if (isLiveNow(ended, live)) {
    story.warnings.push(`${ended.plan.release} is live: the database was kept, since it is the one that it works with`);
    return;
  }
  const { timestamp, settings } = story;
  const { restored } = await story.step('restoreDatabase', { backup: ended.backup, timestamp });
  if (restored && settings.replica) await story.attempt('proveReplica', {});
}

/** A part of the users has the other slot: it gets no more of them, and answers those that it has, before it is stopped. */
async function takeUsersBack(story: Story, live: Live | null): Promise<void> {
  await story.attempt('drainSlot', { workers: await settleRouter(story, live) });
}

/** Written and not loaded, the config of a release that is not live would be served by the router's next start. */
async function settleRouter(story: Story, live: Live | null): Promise<readonly RouterWorker[]> {
  if (!live?.release) return [];
  const { timestamp } = story;
  const { slot, release } = live;
  const { workers } = await story.step('writeRouterConfig', { slot, release, timestamp });
  await story.step('reloadRouter', { slot, release, timestamp });
  return workers;
}

/** The line that the run itself did not come to write. */
function recordOf(story: Story, ended: EndedOutside, live: Live | null): ReleaseRecord {
  const { runId, kind, plan, backup, directory, requestedBy, startedAt, endedAt, lastStep } = ended;
  const succeeded = isLiveNow(ended, live);
  const recoveredBy = story.progress().requestedBy;
  return {
    deployId: runId,
    kind,
    outcome: succeeded ? 'succeeded' : 'undone',
    release: plan.release,
    slot: plan.slot,
    image: plan.image,
    previous: plan.from?.release ?? null,
    backup: backup?.file ?? null,
    ...shippedDirectory({ directory }),
    requestedBy,
    startedAt,
    endedAt,
    message: `ended from outside at ${lastStep}; put in order by ${recoveredBy}${succeeded ? ', and live' : ''}`,
  };
}
