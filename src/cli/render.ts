import pc from 'picocolors';
import type { ReplicaAnswer } from '../database/litestream.js';
import type { LogSection } from '../model/activities.js';
import type { DeployFailureDetails, Progress, StepProgress } from '../model/progress.js';
import type { Live } from '../model/slot.js';

const marks: Record<StepProgress['state'], string> = {
  running: pc.cyan('▶'),
  done: pc.green('✔'),
  failed: pc.red('✘'),
  skipped: pc.yellow('↷'),
};

/** One line per step: what it is, how long it took, what came of it. */
export function stepLine(step: StepProgress, now: number): string {
  const seconds = `${(((step.endedAt ?? now) - step.startedAt) / 1000).toFixed(1)} s`;
  const name = step.kind === 'compensation' ? `undo: ${step.name}` : step.name;
  const text = (step.note ?? step.summary).split('\n')[0] ?? '';
  return `${marks[step.state]} ${name.padEnd(22)} ${seconds.padStart(7)}  ${text}`;
}

export function headline({ kind, release, project, environment }: Progress): string {
  return pc.bold(`${kind} ${release ?? 'to the release before'} · ${project}/${environment}`);
}

export function liveText(live: Live | null): string {
  return live ? `${live.slot} (${live.release ?? 'release unknown'})` : 'nothing';
}

export function replicaText({ state, afterMs, problem }: ReplicaAnswer): string {
  if (state === 'in step') return `in step (${(afterMs / 1000).toFixed(1)} s)`;
  if (state === 'behind') return pc.yellow(`behind: ${problem}`);
  return pc.yellow(state === 'stopped' ? problem : `cannot be told: ${problem}`);
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
  if (logs.length > 0) parts.push(logText(logs));
  parts.push(
    undone.length > 0 ? `Undone: ${undone.join(', ')}.` : 'Nothing was switched and nothing had to be undone.',
  );
  for (const { note, name } of progress.steps) {
    if (name === 'restoreDatabase' && note) parts.push(`Database ${note}.`);
  }
  if (skipped.length > 0) parts.push(pc.yellow(`Skipped by a person: ${skipped.join(', ')}.`));
  parts.push(...progress.warnings.map((warning) => pc.yellow(`warning: ${warning}`)));
  parts.push(`Live: ${liveText(progress.liveBefore)}, as before.`);
  return parts.join('\n');
}

export function attentionText({ attention, liveBefore }: Progress): string {
  if (!attention) return '';
  return [
    pc.yellow(`Needs attention: ${attention.step} could not finish: ${attention.error}`),
    `Live before this: ${liveText(liveBefore)}. Mend the cause, then run "pointsman retry"; or leave it as it is with`,
    '"pointsman skip --reason …", and the rest is undone.',
  ].join('\n');
}
