import type { Settings } from '../../model/settings.js';
import { abortInstead, findAbortable } from '../abort-instead.js';
import { Exit, exitCodes, type ExitCode } from '../exit-codes.js';
import { follow } from '../follow.js';
import { abortInsteadText, rollbackText } from '../render-rollback.js';
import { viewRollback } from '../rollback-view.js';
import type { PlaceOptions, Session } from '../session.js';
import { isElsewhere, settledSettings } from '../ship.js';
import { startOrFollow } from '../start.js';
import { reasonOf } from '../../model/reason.js';
import { jsonLine } from '../terminal-text.js';

export interface RollbackOptions extends PlaceOptions {
  readonly to?: string;
  readonly reason?: string;
  readonly json?: boolean;
  /** Without Temporal. */
  readonly breakGlass?: boolean;
  /** Do not ask. */
  readonly yes?: boolean;
}

/**
 * Goes back: by aborting a deploy that is not over yet, else by a run of its own. Shows first what that means, and asks
 * once where somebody is there to answer.
 */
export async function rollbackCommand(session: Session, options: RollbackOptions): Promise<ExitCode> {
  const written = await session.settings(options);
  const settings = await settledSettings(session, written);
  const { json = false, reason = null } = options;
  const client = await session.client();
  const abortable = await findAbortable(client, settings, options.to);
  if (abortable) {
    const { progress } = abortable;
    const plan = { aborts: progress.release, live: progress.liveBefore, phase: progress.phase };
    show(session, { json, plan, text: abortInsteadText(written, progress) });
    await confirmed(session, options, 'Abort it?');
    const code = await abortInstead(session, abortable, { reason, json });
    if (code !== null) return code;
    session.output.note('It had ended well before it could be aborted: going back from it now.');
  }
  const target = await showTarget(session, written, options);
  if (target !== null && !abortable) await confirmed(session, options, `Go back to ${target}?`);
  const { requestedBy } = session.environment;
  const input = { settings, to: options.to ?? null, requestedBy, reason };
  const handle = await startOrFollow(session, client, { kind: 'rollback', input });
  if (!json) {
    session.output.print(
      `rollback to ${options.to ?? 'the release before'} · ${handle.workflowId}; the database stays as it is`,
    );
  }
  return follow(session, handle, { json });
}

interface Shown {
  readonly json: boolean;
  readonly plan: object;
  readonly text: string;
}

function show({ output }: Session, { json, plan, text }: Shown): void {
  output.print(json ? jsonLine({ event: 'plan', ...plan }) : text);
}

/**
 * Shows what it goes back to, and names it; `null` where that cannot be looked at from here. The run finds it by itself,
 * so whatever is wrong with looking does not keep anybody from going back.
 */
async function showTarget(session: Session, settings: Settings, options: RollbackOptions): Promise<string | null> {
  // The key of a CI job may open the tunnel to Temporal, and not look at the host.
  if (!session.output.asks && isElsewhere(session, settings)) return null;
  try {
    const view = await viewRollback(session, settings, options);
    if (!view) return null;
    show(session, { json: options.json ?? false, plan: view, text: rollbackText(settings, view, Date.now()) });
    return view.target.release;
  } catch (error) {
    if (error instanceof Exit && error.code === exitCodes.detached) throw error;
    const why = reasonOf(error);
    session.output.note(`What it goes back to cannot be shown from here (${why}); the rollback finds it by itself.`);
    return options.to ?? 'the release before';
  }
}

/**
 * Once, and only where there is a terminal: CI jobs and scripts have none.
 *
 * @throws {Exit} `usage`: nothing was changed.
 */
async function confirmed({ output }: Session, { yes }: RollbackOptions, question: string): Promise<void> {
  if (yes) return;
  const answer = await output.ask(`${question} [y/N] `);
  if (answer === null || /^y(es)?$/i.test(answer.trim())) return;
  throw new Exit(exitCodes.usage, 'Nothing was changed.');
}
