import type { ReplicaAnswer } from '../database/litestream.js';
import type { LogSection } from '../model/activities.js';
import { visibleLine } from '../model/foreign-text.js';
import type { WriteHold } from '../model/hold.js';
import type { DeployFailureDetails, Progress, StepProgress } from '../model/progress.js';
import { liveNow } from '../model/progress-markdown.js';
import type { RunKind } from '../model/run-kind.js';
import { liveText } from '../model/slot.js';
import { appLines, pc } from './colours.js';

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
  return [line, ...appLines(step.lines ?? []).map((written) => pc.dim(`    │ ${written}`))].join('\n');
}

export function headline({ kind, release, project, environment }: Progress): string {
  const about =
    kind === 'maintenance' ? '' : isTask(kind) ? ' of the database' : ` ${release ?? 'to the release before'}`;
  return pc.bold(visibleLine(`${kind}${about} · ${project}/${environment}`));
}

/** What switches nothing: what is live stays, whatever comes of it. */
export function isTask(kind: RunKind): boolean {
  return kind === 'backup' || kind === 'restore' || kind === 'maintenance';
}

/** What a hold means for whoever writes; one that no deploy is there to end was left over. */
export function holdText({ active, until }: WriteHold, left: 'by a run' | 'by one that was ended' | 'behind'): string {
  const next = left === 'by one that was ended' ? '"pointsman recover"' : 'the next deploy';
  if (!active) return `not held any more since ${until}; ${next} takes the rest of the hold away`;
  if (left === 'by a run') return `held (503) until the deploy ends, or ${until} at the latest`;
  return pc.yellow(`held (503) by a deploy that is gone, until ${until}; ${next} ends it at once`);
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
      [pc.bold(`── ${title}, last ${lines.length} lines`), ...appLines(lines).map((line) => `   ${line}`)].join('\n'),
    )
    .join('\n');
}

/** Why a deploy failed: the reason first, then the logs, then what was undone and what is live. */
export function failureText(message: string, details: DeployFailureDetails): string {
  const { progress, undone, skipped, logs, failedStep } = details;
  const step = progress.steps.find(({ name, state }) => name === failedStep && state === 'failed');
  // What a command printed last is in it; set off, no line of that passes for one of ours.
  const why = (step?.note ?? message).replaceAll('\n', '\n  ');
  const parts = [`${pc.red(`${progress.kind} failed at ${failedStep ?? 'its start'}:`)} ${why}`];
  if (isTask(progress.kind)) return [...parts, ...afterTask(progress, failedStep)].join('\n');
  if (logs.length > 0) parts.push(logText(logs));
  parts.push(
    undone.length > 0 ? `Undone: ${undone.join(', ')}.` : 'Nothing was switched and nothing had to be undone.',
  );
  for (const { note, name } of progress.steps) {
    if (name === 'restoreDatabase' && note) parts.push(`Database ${note}.`);
  }
  if (skipped.length > 0) parts.push(pc.yellow(`Skipped by a person: ${skipped.join(', ')}.`));
  parts.push(...progress.warnings.map((warning) => pc.yellow(`warning: ${warning}`)));
  parts.push(stillLive(progress));
  return parts.join('\n');
}

/** A run that was cancelled: what was undone, and what is live. */
export function cancelledText(progress: Progress | null): string {
  if (!progress) return 'cancelled and undone. See what is live: pointsman status.';
  if (progress.kind === 'maintenance') return `maintenance cancelled; ${seeRouter}`;
  if (isTask(progress.kind)) {
    return `${progress.kind} cancelled; what is live was not touched. A restore that was committed already has its salvage: pointsman backups.`;
  }
  const ofState = (wanted: StepProgress['state']) =>
    progress.steps.filter(({ kind, state }) => kind === 'compensation' && state === wanted).map(({ name }) => name);
  const [undone, skipped] = [[...new Set(ofState('done'))], ofState('skipped')];
  return [
    undone.length > 0
      ? `${progress.kind} cancelled. Undone: ${undone.join(', ')}.`
      : `${progress.kind} cancelled; nothing had to be undone.`,
    ...progress.steps.flatMap(({ name, note, state }) =>
      name === 'restoreDatabase' && state === 'done' && note ? [`Database ${note}.`] : [],
    ),
    ...(skipped.length > 0 ? [pc.yellow(`Skipped by a person: ${skipped.join(', ')}.`)] : []),
    stillLive(progress),
  ].join('\n');
}

/** Before a run knows where its release goes, it has touched nothing and has not said what is live. */
function stillLive({ slot, liveBefore }: Progress): string {
  return slot === null ? 'What is live was not touched.' : `Live: ${liveText(liveBefore)}, as before.`;
}

const seeRouter = 'whether users get the app or the page, the router says: pointsman status.';

/** Only a restore that had begun can have changed something, and its salvage tells; or a maintenance, and the router does. */
function afterTask({ kind }: Progress, failedStep: string | null): string[] {
  if (kind === 'maintenance') return [`What is live was not touched; ${seeRouter}`];
  if (kind === 'restore' && failedStep === 'restoreBackup') {
    return [
      'What is live was not touched. Where a salvage of this time is listed by "pointsman backups", no row is lost.',
    ];
  }
  return ['Nothing was changed.'];
}

export function attentionText(progress: Progress): string {
  const { attention } = progress;
  if (!attention) return '';
  return [
    pc.yellow(`Needs attention: ${attention.step} could not finish: ${attention.error}`),
    liveNow(progress),
    'Mend the cause, then run "pointsman retry"; or leave it as it is with "pointsman skip --reason …", and the rest is',
    'undone.',
  ].join('\n');
}
