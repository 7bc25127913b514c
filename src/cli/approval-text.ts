import { previewHeader } from '../model/rollout.js';
import type { Phase, PendingApproval, Progress } from '../model/progress.js';
import { liveText } from '../model/slot.js';
import { pc } from './colours.js';

type Asked = Pick<Progress, 'release' | 'slot' | 'environment' | 'liveBefore' | 'approval'>;

/** What is waited for, how to look at the release, how to answer, and what comes without an answer. */
export function approvalText(progress: Asked, now: number): string {
  const { approval, environment, release, liveBefore } = progress;
  if (!approval) return '';
  const where = `-e ${environment}`;
  // A first release has nobody beside it whose requests it could be told from.
  const look =
    liveBefore && `curl -H '${previewHeader}: ${release}' http://ADDRESS/   (ADDRESS: where users reach the app)`;
  return [
    pc.yellow(`Waits for approval: ${reached(progress, approval)}`),
    ...(look ? [`  look at it   ${look}`] : []),
    `  answer       pointsman approve ${where}, or pointsman abort ${where} --reason …`,
    `  without one  ${otherwiseText(approval)} ${new Date(approval.deadline).toISOString()} (${remaining(approval.deadline - now)})`,
  ].join('\n');
}

function reached({ release, slot, liveBefore }: Asked, { when }: PendingApproval): string {
  const runs = `${release} runs in ${slot}`;
  return when === 'before-switch'
    ? `${runs}, and users get ${liveText(liveBefore)} until somebody says yes.`
    : `${runs} and did well in the canary. Only with a yes do all users get it instead of ${liveText(liveBefore)}.`;
}

function otherwiseText({ otherwise }: PendingApproval): string {
  return otherwise === 'approve' ? 'it is approved at' : 'it is undone at';
}

function remaining(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes >= 120) return `in ${Math.floor(minutes / 60)} h`;
  return minutes >= 1 ? `in ${minutes} min` : `in ${Math.max(0, Math.round(ms / 1000))} s`;
}

/** The same as an event of `--json`. */
export function approvalEvent({ approval, release, liveBefore }: Asked): object {
  const preview = liveBefore && { header: previewHeader, value: release };
  return { event: 'waiting-for-approval', release, ...approval, preview };
}

const stages: Partial<Record<Phase, string>> = {
  'waiting-for-approval': 'waits for approval',
  canary: 'is in its canary',
  baking: 'is in its bake',
};

/** How far a deploy is that can be taken back in one reload; `null` in any other phase. */
export function stageText({ phase }: Pick<Progress, 'phase'>): string | null {
  return stages[phase] ?? null;
}
