import type { BackupInput } from '../model/input.js';
import type { BackupResult } from '../model/progress.js';
import { finishTask, tell } from './ending.js';
import { checkInput } from './input.js';

/** Backs the live database up because a person asked for it; a deploy never removes such a backup. */
export async function backup(input: BackupInput): Promise<BackupResult> {
  const { settings, requestedBy, signed } = checkInput(input);
  return tell({ kind: 'backup', settings, release: null, requestedBy, signed }, async ({ story }) => {
    const { live } = await story.step('findLive', {});
    story.release = live?.release ?? null;
    const { timestamp, deployId, release } = story;
    const backup = await story.step('backupDatabase', {
      ...{ timestamp, deployId, releaseFrom: release, releaseTo: release ?? '' },
      kind: 'manual',
    });
    return { ...finishTask(story), backup };
  });
}
