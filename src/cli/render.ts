import pc from 'picocolors';
import type { LogSection } from '../model/activities.js';
import type { WriteHold } from '../model/hold.js';
import type { DeployFailureDetails, Progress, StepProgress } from '../model/progress.js';
import type { RunKind } from '../model/run-kind.js';
import type { Live } from '../model/slot.js';

const marks: Record<StepProgress['state'], string> = {
  running: pc.cyan('▶'),
  done: pc.green('✔'),
  failed: pc.red('✘'),
  skipped: pc.yellow('↷'),
};

/** One line per step: what it is, how long it took, what came of it; and below it what the app's own program wrote. */
export function stepLine(step: StepProgress, now: number): string {
  const seconds = `${(((step.endedAt ?? now) - step.startedAt) / 1000).toFixed(1)} s`;
  const name = step.kind === 'compensation' ? `undo: ${step.name}` : step.name;
  const text = (step.note ?? step.summary).split('\n')[0] ?? '';
  const line = `${marks[step.state]} ${name.padEnd(22)} ${seconds.padStart(7)}  ${text}`;
  return [line, ...(step.lines ?? []).map((written) => pc.dim(`    │ ${written}`))].join('\n');
}

export function headline({ kind, release, project, environment }: Progress): string {
  const about = isTask(kind) ? 'of the database' : (release ?? 'to the release before');
  return pc.bold(`${kind} ${about} · ${project}/${environment}`);
}

/** What switches nothing: what is live stays, whatever comes of it. */
export function isTask(kind: RunKind): boolean {
  return kind === 'backup' || kind === 'restore';
}

export function liveText(live: Live | null): string {
  return live ? `${live.slot} (${live.release ?? 'release unknown'})` : 'nothing';
}

/** What a hold means for whoever writes; one that no deploy is there to end was left over. */
export function holdText({ active, until }: WriteHold, deploying: boolean): string {
  if (!active) return `not held any more since ${until}; the next deploy takes the rest of the hold away`;
  if (deploying) return `held (503) until the deploy ends, or ${until} at the latest`;
  return pc.yellow(`held (503) by a deploy that is gone, until ${until}; the next deploy ends it at once`);
}

/** Each log under its own heading: one service's noise must not hide another one's crash. */
export function logText(sections: readonly LogSection[]): string {
  return sections
    .filter(({ lines }) => lines.length > 0)
    .map(({ title, lines }) =>
      [pc.bold(`── ${title}, last ${lines.length} lines`), ...lines.map((line) => `   ${line}`)].join('\n'),
    )
    .join('\n');
}

/** Why a deploy failed: the reason first, then the logs, then what was undone and what is live. */
export function failureText(message: string, details: DeployFailureDetails): string {
  const { progress, undone, skipped, logs, failedStep } = details;
  const step = progress.steps.find(({ name, state }) => name === failedStep && state === 'failed');
  const parts = [`${pc.red(`${progress.kind} failed at ${failedStep ?? 'its start'}:`)} ${step?.note ?? message}`];
  if (isTask(progress.kind)) return [...parts, ...afterTask(progress, failedStep)].join('\n');
  if (logs.length > 0) parts.push(logText(logs));
  parts.push(
    undone.length > 0 ? `Undone: ${undone.join(', ')}.` : 'Nothing was switched and nothing had to be undone.',
  );
  for (const { note, name } of progress.steps) {
    if (name === 'restoreDatabase' && note) parts.push(`Database ${note}.`);
  }
  if (skipped.length > 0) parts.push(pc.yellow(`Skipped by a person: ${skipped.join(', ')}.`));
  parts.push(`Live: ${liveText(progress.liveBefore)}, as before.`);
  return parts.join('\n');
}

/** Only a restore that had begun can have changed something; its salvage tells. */
function afterTask({ kind }: Progress, failedStep: string | null): string[] {
  if (kind === 'restore' && failedStep === 'restoreBackup') {
    return [
      'What is live was not touched. Where a salvage of this time is listed by "pointsman backups", no row is lost.',
    ];
  }
  return ['Nothing was changed.'];
}

export function attentionText({ attention, liveBefore }: Progress): string {
  if (!attention) return '';
  return [
    pc.yellow(`Needs attention: ${attention.step} could not finish: ${attention.error}`),
    `Live before this: ${liveText(liveBefore)}. Mend the cause, then run "pointsman retry"; or leave it as it is with`,
    '"pointsman skip --reason …", and the rest is undone.',
  ].join('\n');
}
