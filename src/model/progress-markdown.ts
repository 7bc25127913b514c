import type { Progress, StepProgress } from './progress.js';

const marks: Record<StepProgress['state'], string> = { running: '▶', done: '✔', failed: '✘', skipped: '↷' };

/** What the Temporal UI shows as "Current Details" while the workflow runs (Markdown). */
export function currentDetails(progress: Progress): string {
  const { kind, release, project, environment, attention } = progress;
  const lines = [`**${kind} ${release ?? ''}** of ${project} to ${environment}: ${progress.phase}`, ''];
  if (attention) {
    lines.push(`**Needs attention:** ${attention.step} could not finish: ${attention.error}`);
    lines.push(`Mend the cause and run \`pointsman retry\`, or \`pointsman skip --reason …\`.`, '');
  }
  lines.push('| | step | what |', '|---|---|---|');
  for (const step of progress.steps)
    lines.push(`| ${marks[step.state]} | ${step.name} | ${cell(step.note ?? step.summary)} |`);
  for (const warning of progress.warnings) lines.push('', `⚠ ${cell(warning)}`);
  return lines.join('\n');
}

/** A table cell holds one line, and a bar would end it. */
function cell(text: string): string {
  return (text.split('\n')[0] ?? '').replaceAll('|', '\\|');
}
