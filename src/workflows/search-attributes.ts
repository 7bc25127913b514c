import { defineSearchAttributeKey } from '@temporalio/common';

/** Keywords by which deploys are found in the Temporal UI and by `pointsman history`. */
export const projectKey = defineSearchAttributeKey('PointsmanProject', 'KEYWORD');
export const environmentKey = defineSearchAttributeKey('PointsmanEnvironment', 'KEYWORD');
export const releaseKey = defineSearchAttributeKey('PointsmanRelease', 'KEYWORD');
/** `running`, then `succeeded`, `undone`, `cancelled` or `refused`. */
export const outcomeKey = defineSearchAttributeKey('PointsmanOutcome', 'KEYWORD');
