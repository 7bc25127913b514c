import { upsertSearchAttributes } from '@temporalio/workflow';
import { liveOf, type Adoptable } from '../model/adopt.js';
import type { AdoptInput } from '../model/input.js';
import type { AdoptResult } from '../model/progress.js';
import { finish, recordOf, tell, type Run } from './ending.js';
import { checkInput } from './input.js';
import { releaseKey } from './search-attributes.js';
import type { Story } from './story.js';

/**
 * Takes over a project that runs behind a router's config of its user's: the generated config takes its place, for the same slot
 * with the same containers. What was asked before must be answered the same after, or everything is put back.
 */
export async function adopt(input: AdoptInput): Promise<AdoptResult> {
  const { settings, requestedBy, signed, shown, named, paths } = checkInput(input, missingIn(input));
  return tell({ kind: 'adopt', settings, release: named, requestedBy, signed }, async (run) => {
    const { story } = run;
    const found = await story.step('findAdoptable', { shown, release: named });
    const { slot, image } = found.live;
    const plan = { from: liveOf(found.live), slot, release: found.live.release, image };
    story.release = plan.release;
    upsertSearchAttributes([{ key: releaseKey, value: plan.release }]);
    const { answers } = await story.step('askPaths', { live: liveOf(found.live), paths });
    story.plan = plan;
    await takeOver(run, found, shown);
    await story.step('comparePaths', { live: liveOf(found.live), before: answers });
    return finish(story, plan, () => record(story, found, input));
  });
}

function missingIn(input: AdoptInput): string[] {
  return [...(input?.shown ? [] : ['shown']), ...(Array.isArray(input?.paths) ? [] : ['paths'])];
}

async function takeOver({ story, undo }: Run, { live }: Adoptable, shown: string): Promise<void> {
  const { timestamp } = story;
  undo.register('undoAdoption', () => story.compensation('undoAdoption', { timestamp }));
  await story.step('writeAdoption', { live, shown, timestamp });
  await story.step('reloadRouter', { ...liveOf(live), release: live.release, timestamp });
}

/** What is true of both slots, and one release: of the other slot nobody knows whether it was ever live. */
async function record(story: Story, { live, other }: Adoptable, { keys }: AdoptInput): Promise<void> {
  const { timestamp } = story;
  await story.attempt('noteSlots', { slots: [live, ...(other ? [other] : [])], timestamp });
  const plan = { from: null, ...live };
  const message = `${live.release} in ${live.slot} was taken over as it ran`;
  const made = recordOf(story, plan, { outcome: 'succeeded', message, backup: null });
  await story.attempt('recordRelease', {
    record: { ...made, ...(Object.keys(keys ?? {}).length > 0 ? { keys } : {}) },
  });
}
