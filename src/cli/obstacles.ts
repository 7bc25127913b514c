import { ServiceError, type Client } from '@temporalio/client';
import type { EndedOutside } from '../model/ended-outside.js';
import { visibleLine } from '../model/foreign-text.js';
import { reasonOf } from '../model/reason.js';
import type { Settings } from '../model/settings.js';
import { findEndedOutside } from '../temporal/ended-outside.js';
import { TemporalUnavailableError } from '../temporal/place.js';
import { Exit, exitCodes, type ExitCode } from './exit-codes.js';
import { whoWaits } from './line.js';
import type { Session } from './session.js';
import { occupantText, whoHas } from './start.js';
import { endedText } from './unrecovered.js';

/** Why a deploy would not begin, though nothing is wrong with the project. */
export interface Obstacle {
  /** What the deploy would end with. */
  readonly code: ExitCode;
  readonly message: string;
}

export interface Obstacles {
  /** In the order in which the deploy would be told. */
  readonly obstacles: readonly Obstacle[];
  /** The run before, where it was ended from outside and nobody has put that in order. */
  readonly ended: EndedOutside | null;
}

/** What of Temporal's is in the way of a deploy that is asked for now. Starts nothing. */
export async function obstaclesOf(session: Session, settings: Settings, release: string | null): Promise<Obstacles> {
  try {
    const client = await session.clientOfDeploy();
    return client ? await askedAt(client, settings, release) : { obstacles: [], ended: null };
  } catch (error) {
    return { obstacles: [unavailable(error)], ended: null };
  }
}

function unavailable(error: unknown): Obstacle {
  if (error instanceof Exit) return { code: error.code, message: error.message };
  const { unavailable: code } = exitCodes;
  if (error instanceof TemporalUnavailableError) return { code, message: error.message };
  if (error instanceof ServiceError)
    return { code, message: `Temporal does not answer: ${reasonOf(error.cause ?? error)}` };
  throw error;
}

async function askedAt(client: Client, settings: Settings, release: string | null): Promise<Obstacles> {
  const [[next], occupant, ended] = await Promise.all([
    whoWaits(client, settings),
    whoHas(client, settings),
    findEndedOutside(client, settings),
  ]);
  // The same release asked for again follows the deploy that runs.
  const follows = occupant?.memo.kind === 'deploy' && release !== null && occupant.memo.release === release;
  const busy = (message: string): Obstacle => ({ code: exitCodes.busy, message });
  const { terminated: code } = exitCodes;
  const obstacles = [
    ...(next ? [busy(`${next.release} by ${next.requestedBy} waits, and comes next`)] : []),
    ...(ended ? [{ code, message: `${endedText(ended)} Put it in order: pointsman recover.` }] : []),
    ...(occupant && !follows
      ? [busy(`${occupantText(occupant)} runs, since ${occupant.startTime.toISOString()}`)]
      : []),
  ].map((obstacle) => ({ ...obstacle, message: visibleLine(obstacle.message) }));
  return { obstacles, ended };
}
