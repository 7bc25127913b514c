import { code, markdown } from './markdown.js';
import { previewHeader } from './rollout.js';
import type { PendingApproval, Progress, StepProgress } from './progress.js';
import { liveText } from './slot.js';

const marks: Record<StepProgress['state'], string> = { running: '▶', done: '✔', failed: '✘', skipped: '↷' };

/** What the Temporal UI shows as "Current Details" while the workflow runs (Markdown). */
export function currentDetails(progress: Progress): string {
  const { kind, release, project, environment, attention } = progress;
  const lines = [markdown`**${kind} ${release ?? ''}** of ${project} to ${environment}: ${progress.phase}`, ''];
  if (attention) {
    lines.push(markdown`**Needs attention:** ${attention.step} could not finish: ${attention.error}`);
    lines.push(markdown`${liveNow(progress)}`);
    lines.push(`Mend the cause and run \`pointsman retry\`, or \`pointsman skip --reason …\`.`, '');
  }
  if (progress.approval) lines.push(...approvalLines(progress.approval, progress), '');
  lines.push('| | step | what |', '|---|---|---|');
  for (const step of progress.steps)
    lines.push(markdown`| ${marks[step.state]} | ${step.name} | ${firstLine(step.note ?? step.summary)} |`);
  for (const warning of progress.warnings) lines.push('', markdown`⚠ ${firstLine(warning)}`);
  return lines.join('\n');
}

/** What a deploy waits for, what happens where nobody answers, how to look at the release, and how to answer. */
function approvalLines({ when, deadline, otherwise }: PendingApproval, progress: Progress): string[] {
  const release = progress.release ?? 'the release';
  const then = otherwise === 'abort' ? 'everything is undone' : 'it goes on';
  return [
    markdown`**Waits for approval** of ${release} ${approvalTimes[when]}, until ${new Date(deadline).toISOString()}; then ${then}.`,
    lookAt(when, progress),
    'Answer with `pointsman approve` or `pointsman abort --reason …`. Here it cannot be signed: only a worker without a signing key takes the ' +
      'update `answerApproval` or the signal `approval` with `{"answer":"approve","by":"your name","reason":""}`.',
  ];
}

const approvalTimes: Record<PendingApproval['when'], string> = {
  'before-switch': 'before the switch',
  'after-canary': 'after the canary',
};

function lookAt(when: PendingApproval['when'], { release, slot, liveBefore }: Progress): string {
  const where = `${release ?? 'The release'} runs in ${slot ?? 'its slot'}`;
  const header = `${previewHeader}: ${release ?? slot ?? ''}`;
  if (!liveBefore) return markdown`${where}, and nothing is live: nobody gets it yet.`;
  if (when === 'after-canary')
    return markdown`${where} and has a part of the requests; ${liveText(liveBefore)} has the rest.`;
  const others = markdown`gets it; everybody else gets ${liveText(liveBefore)}.`;
  return markdown`${where}: whoever asks the app with the header ` + `${code(header)} ${others}`;
}

/** What users have while a run waits for a person. */
export function liveNow({ attention, liveBefore }: Progress): string {
  const { found } = attention ?? {};
  if (!found) return `Live before this: ${liveText(liveBefore)}; what is live now, "pointsman status" asks the router.`;
  return `Live now: ${liveText(found.live)}.`;
}

/** A table's cell has room for one. */
function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}
