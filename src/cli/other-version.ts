import { QueryNotRegisteredError } from '@temporalio/client';

/**
 * Whether a run does not answer because its history is not what this version's workflow would have done: Temporal's
 * code for that is TMPRL1100, and the server hands it on as a query that nobody knows.
 */
export function isOfOtherVersion(error: unknown): boolean {
  return error instanceof QueryNotRegisteredError && error.message.includes('[TMPRL1100]');
}

export const ofOtherVersion =
  'this run cannot go on under this version of pointsman: another one began it, and this one would take other steps. ' +
  'Nothing is done to it meanwhile, and what is live stays live. Put the version back that began it; or terminate the ' +
  'run in the Temporal UI, and then: pointsman recover';
