import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { ApprovalAnswer, AttentionAnswer } from '../model/input.js';
import type { Progress } from '../model/progress.js';
import type { Line, Waiter } from '../model/queue.js';

/** Where the deploy or rollback is, and what came of each step. Answered also after its end, while a worker runs. */
export const progressQuery = defineQuery<Progress>('progress');

/** A person's answer to a compensation that could not finish; refused unless one waits for it. */
export const answerAttention = defineUpdate<void, [AttentionAnswer]>('answerAttention');

/** A person's yes or no to a release; refused unless a deploy waits for it. */
export const answerApproval = defineUpdate<void, [ApprovalAnswer]>('answerApproval');

/** As {@link answerApproval}, for whoever can only send a signal; one that is not waited for is left out. */
export const approvalSignal = defineSignal<[ApprovalAnswer]>('approval');

/** Takes a place in the line of an environment, or keeps it. */
export const joinLine = defineSignal<[Waiter]>('join');

/** Gives a place up, by its id. */
export const leaveLine = defineSignal<[string]>('leave');

/** Who waits, in order. */
export const lineQuery = defineQuery<Line>('line');
