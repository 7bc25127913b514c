import { ServiceError, type Client } from '@temporalio/client';
import type { Settings } from '../model/settings.js';
import { keepDrillSchedule } from '../temporal/drill-schedule.js';
import type { Session } from './session.js';

/** Brings the schedule of drills up to date; where Temporal refuses it, that is said and stops nothing else. */
export async function keepSchedule(session: Session, client: Client, settings: Settings): Promise<void> {
  try {
    await keepDrillSchedule(client, settings);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const reason = error.cause instanceof Error ? error.cause.message : error.message;
    session.output.note(`warning: the schedule of replica.drill could not be set: ${reason}`);
  }
}
