import { CancellationScope, executeChild, isCancellation } from '@temporalio/workflow';
import { passedText, type DrillRecord, type DrillReport } from '../model/drill.js';
import type { DrillInput } from '../model/input.js';
import { drillId } from '../model/names.js';
import type { DrillResult } from '../model/progress.js';
import { finishTask, tell } from './ending.js';
import { failureMessage } from './failure-message.js';
import { checkInput } from './input.js';
import { environmentKey, outcomeKey, projectKey } from './search-attributes.js';
import type { Story } from './story.js';

/**
 * Restores the newest replica into a scratch volume, checks it and tries the live release on it. Nothing of the app is
 * touched; whatever comes of it, the scratch volume is removed and the drill is recorded.
 */
export async function drill(input: DrillInput): Promise<DrillResult> {
  const { settings, requestedBy, signed } = checkInput(input);
  return tell({ kind: 'drill', settings, release: null, requestedBy, signed }, async ({ story, undo }) => {
    // Never worth waiting for a person: what is left over is removed by the next drill.
    const removeScratch = () => leaveToTheNext(story);
    undo.register('removeScratch', removeScratch);
    const report = await recorded(story, () => rehearse(story));
    return CancellationScope.nonCancellable(async () => {
      await removeScratch();
      return { ...finishTask(story), report };
    });
  });
}

/**
 * What a schedule starts. Temporal gives such a run an id of its own each time; the drill is its child under the one
 * id, so that one asked for by a person and one by the schedule never run side by side.
 */
export async function scheduledDrill(input: DrillInput): Promise<DrillResult> {
  const { settings } = checkInput(input);
  return executeChild(drill, {
    workflowId: drillId(settings),
    args: [input],
    staticSummary: 'drill',
    memo: { kind: 'drill', requestedBy: input.requestedBy },
    typedSearchAttributes: [
      { key: projectKey, value: settings.project },
      { key: environmentKey, value: settings.environment },
      { key: outcomeKey, value: 'running' },
    ],
  });
}

async function rehearse(story: Story): Promise<DrillReport> {
  const { timestamp } = story;
  const { live } = await story.step('findLive', {});
  story.release = live?.release ?? null;
  const begun = Date.now();
  const restored = await story.step('restoreReplica', { timestamp });
  const inspected = await story.step('inspectRestored', { timestamp });
  const probed = live ? await story.step('probeRestored', { timestamp, live }) : null;
  if (!live) story.warnings.push('nothing is live, so the restored database was not tried with the app');
  return { restored, inspected, probed, totalMs: Date.now() - begun };
}

async function leaveToTheNext(story: Story): Promise<void> {
  try {
    await story.compensation('removeScratch', { timestamp: story.timestamp });
  } catch (error) {
    story.warnings.push(`removeScratch: ${failureMessage(error)}; the next drill removes what is left`);
  }
}

/** One that fails or is cancelled is recorded too: `pointsman status` tells of it. */
async function recorded(story: Story, work: () => Promise<DrillReport>): Promise<DrillReport> {
  try {
    const report = await work();
    await story.attempt('recordDrill', { record: recordOf(story, 'passed', passedText(report), report) });
    return report;
  } catch (error) {
    const outcome = isCancellation(error) ? 'cancelled' : 'failed';
    const at = story.failedStep();
    const message = outcome === 'cancelled' ? 'cancelled' : `failed at ${at ?? 'its start'}: ${failureMessage(error)}`;
    await CancellationScope.nonCancellable(() =>
      story.attempt('recordDrill', { record: recordOf(story, outcome, message, null) }),
    );
    throw error;
  }
}

function recordOf(
  story: Story,
  outcome: DrillRecord['outcome'],
  message: string,
  report: DrillReport | null,
): DrillRecord {
  const { requestedBy, startedAt } = story.progress();
  return {
    drillId: story.deployId,
    outcome,
    requestedBy,
    startedAt: new Date(startedAt).toISOString(),
    endedAt: new Date(Date.now()).toISOString(),
    message: message.split('\n')[0] ?? '',
    report,
  };
}
