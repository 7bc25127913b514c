import { BrokenGlassError, DirectRollback } from '../../break-glass.js';
import type { RollbackPlan } from '../../model/activities.js';
import type { Settings } from '../../model/settings.js';
import { otherSlot, liveText } from '../../model/slot.js';
import { Exit, exitCodes, type ExitCode } from '../exit-codes.js';
import { stepLine } from '../render.js';
import type { Session } from '../session.js';
import { settledSettings } from '../ship.js';
import { occupantText, whoHas } from '../start.js';
import type { RollbackOptions } from './rollback.js';
import { reasonOf } from '../../model/reason.js';
import { jsonLine } from '../terminal-text.js';

/** A rollback by this very process, for when Temporal is down: no retries, and nobody goes on when it dies. */
export async function breakGlassCommand(session: Session, options: RollbackOptions): Promise<ExitCode> {
  const written = await session.settings(options);
  await refuseBesideRun(session, written);
  const interrupt = new AbortController();
  const stop = (): void => interrupt.abort();
  const rollback = new DirectRollback({
    host: await session.host(written),
    settings: await settledSettings(session, written),
    requestedBy: session.environment.requestedBy,
    reason: options.reason ?? null,
    signal: interrupt.signal,
    onStep: (step) => {
      if (options.json) return session.output.print(jsonLine({ event: 'step', ...step }));
      if (step.state !== 'running') session.output.print(stepLine(step, Date.now()));
    },
  });
  const plan = await rollback.plan(options.to ?? null).catch((error: Error) => {
    throw new Exit(exitCodes.refused, `Nothing was touched: ${error.message}`);
  });
  if (!options.yes) await confirmed(session, written, plan);
  process.on('SIGINT', stop).on('SIGTERM', stop);
  try {
    const { slot, release } = await rollback.carryOut(plan);
    return told(session, rollback.warnings, { live: { slot, release }, json: options.json ?? false });
  } catch (error) {
    throw explained(error, plan);
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

/** Where Temporal answers it knows better: two that switch at once would leave nobody knowing what is live. */
async function refuseBesideRun(session: Session, settings: Settings): Promise<void> {
  const client = await session.clientIfUp();
  if (!client) {
    session.output.note(
      'Temporal does not answer, so it cannot be told whether a run is under way. One that is goes on when Temporal is\n' +
        'back, and leaves the slot that the router serves and the router alone.',
    );
    return;
  }
  const occupant = await whoHas(client, settings);
  if (occupant) {
    throw new Exit(
      exitCodes.busy,
      `Temporal answers, and ${occupantText(occupant)} is under way: cancel it (pointsman abort) instead of breaking the glass.`,
    );
  }
  session.output.note('Temporal answers: pointsman rollback would do the same, and survive the death of this process.');
}

async function confirmed(
  { output }: Session,
  { project, slots }: Settings,
  { live, target }: RollbackPlan,
): Promise<void> {
  const slot = otherSlot(live.slot);
  output.note(
    `Without Temporal: the router serves ${liveText(live)}; it is to serve ${target.release} from ${slot} (${slots[slot]}).\n` +
      'The database stays as it is.',
  );
  const answer = await output.ask(`Type the project's name (${project}) to go back: `);
  if (answer === null) throw new Exit(exitCodes.usage, 'Nothing was changed: without a terminal this needs --yes.');
  if (answer.trim() !== project) throw new Exit(exitCodes.usage, 'Nothing was changed: that is not its name.');
}

interface Told {
  readonly live: { readonly slot: 'blue' | 'green'; readonly release: string };
  readonly json: boolean;
}

function told({ output }: Session, warnings: readonly string[], { live, json }: Told): ExitCode {
  if (json) output.print(jsonLine({ event: 'end', outcome: 'succeeded', live, warnings, breakGlass: true }));
  else output.print([...warnings.map((text) => `warning: ${text}`), `live: ${liveText(live)}`].join('\n'));
  return exitCodes.succeeded;
}

function explained(error: unknown, { live }: RollbackPlan): Error {
  if (!(error instanceof BrokenGlassError)) {
    return new Exit(exitCodes.refused, `Nothing was touched: ${reasonOf(error)}`);
  }
  const { message, undone, left } = error;
  if (left.length === 0) {
    return new Exit(exitCodes.undone, `${message}\nUndone: ${undone.join(', ')}. Live: ${liveText(live)}, as before.`);
  }
  const what = `Not undone: ${left.join('; ')}. See what is live: pointsman status.`;
  return new Exit(exitCodes.needsAttention, `${message}\n${what}`);
}
