import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { AttentionAnswer } from '../model/input.js';
import type { Progress } from '../model/progress.js';

/** Where the deploy or rollback is, and what came of each step. Answered also after its end, while a worker runs. */
export const progressQuery = defineQuery<Progress>('progress');

/** A person's answer to a compensation that could not finish; refused unless one waits for it. */
export const answerAttention = defineUpdate<void, [AttentionAnswer]>('answerAttention');
