import type { MaintenanceInput } from '../model/input.js';
import type { MaintenanceResult } from '../model/progress.js';
import { finishTask, tell } from './ending.js';
import { checkInput } from './input.js';

/** Makes the router answer everything with a page of maintenance, or serve the app again, because a person asked for it. */
export async function maintenance(input: MaintenanceInput): Promise<MaintenanceResult> {
  const { settings, on, requestedBy, signed } = checkInput(input, typeof input?.on === 'boolean' ? [] : ['on']);
  return tell({ kind: 'maintenance', settings, release: null, requestedBy, signed }, async ({ story }) => {
    const { live } = await story.step('setMaintenance', { on, by: requestedBy, timestamp: story.timestamp });
    story.release = live?.release ?? null;
    return { ...finishTask(story), live };
  });
}
