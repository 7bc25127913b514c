import { ScheduleAlreadyRunning, ScheduleNotFoundError, ScheduleOverlapPolicy, type Client } from '@temporalio/client';
import type { DrillInput } from '../model/input.js';
import { drillId } from '../model/names.js';
import { sqliteSettings, type Settings } from '../model/settings.js';
import type { scheduledDrill } from '../workflows/index.js';
import { environmentKey, outcomeKey, projectKey } from '../workflows/search-attributes.js';
import { taskQueue } from './place.js';
import { startSigned } from './start-signed.js';

/** Who asked for a drill that nobody asked for. */
export const bySchedule = 'the schedule';

/**
 * Makes the schedule of an environment what `replica.drill` says: created, changed, or removed when the key went away.
 *
 * A drill that was due while Temporal was down is made up for within an hour, and not later: the next command that
 * starts Temporal is not the time for it.
 */
export async function keepDrillSchedule(client: Client, settings: Settings): Promise<void> {
  const cron = settings.replica?.drillSchedule;
  if (cron === undefined || sqliteSettings(settings) === null) return removeSchedule(client, settings);
  const options = scheduleOf(settings, cron);
  try {
    await client.schedule.create({ scheduleId: drillId(settings), ...options });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    // Paused by a person, it stays paused.
    await client.schedule.getHandle(drillId(settings)).update(({ state }) => ({ ...options, state }));
  }
}

function scheduleOf(settings: Settings, cron: string) {
  // The same for each time: it starts this drill, as often as anybody likes.
  const signed = startSigned('schedule', 'drill', drillId(settings));
  const input: DrillInput = { settings, requestedBy: bySchedule, reason: null, signed };
  return {
    spec: { cronExpressions: [cron], timezone: 'UTC' },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 hour' as const },
    action: {
      type: 'startWorkflow' as const,
      workflowType: 'scheduledDrill' as const satisfies (typeof scheduledDrill)['name'],
      workflowId: `${drillId(settings)}/scheduled`,
      taskQueue,
      args: [input],
      memo: { kind: 'drill', requestedBy: bySchedule },
      typedSearchAttributes: [
        { key: projectKey, value: settings.project },
        { key: environmentKey, value: settings.environment },
        { key: outcomeKey, value: 'running' },
      ],
    },
  };
}

async function removeSchedule(client: Client, settings: Settings): Promise<void> {
  try {
    await client.schedule.getHandle(drillId(settings)).delete();
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
}
