import type { BackupManifest } from '../model/database.js';
import type { RestoreInput } from '../model/input.js';
import type { RestoreRunResult } from '../model/progress.js';
import type { ReleaseRecord } from '../model/release-record.js';
import { finishTask, tell } from './ending.js';
import { checkInput } from './input.js';
import type { Story } from './story.js';

/**
 * Puts the database back to a backup because a person decided so. It runs in place, beside the live slot: what was
 * there is kept as salvage, so nothing has to be undone.
 */
export async function restore(input: RestoreInput): Promise<RestoreRunResult> {
  const { settings, requestedBy, signed, backup: file } = checkInput(input);
  return tell({ kind: 'restore', settings, release: null, requestedBy, signed }, async ({ story }) => {
    const { live } = await story.step('findLive', {});
    story.release = live?.release ?? null;
    const backup = await story.step('findBackup', { file });
    const restored = await story.step('restoreBackup', { backup, timestamp: story.timestamp });
    if (settings.replica) await story.attempt('proveReplica', {});
    await story.attempt('recordRelease', { record: recordOf(story, backup) });
    return { ...finishTask(story), restored };
  });
}

function recordOf(story: Story, backup: BackupManifest): ReleaseRecord {
  const { requestedBy, startedAt } = story.progress();
  return {
    deployId: story.deployId,
    kind: 'restore',
    outcome: 'succeeded',
    release: story.release ?? '',
    slot: null,
    image: null,
    previous: story.release,
    backup: backup.file,
    requestedBy,
    startedAt: new Date(startedAt).toISOString(),
    endedAt: new Date(Date.now()).toISOString(),
    message: `the database was put back to ${backup.file} of ${backup.startedAt}`,
  };
}
