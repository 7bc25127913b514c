import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceError, type Client } from '@temporalio/client';
import type { DeployInput } from '../model/input.js';
import { workflowId } from '../model/names.js';
import { renewMs, type Line } from '../model/queue.js';
import { approvalText } from './approval-text.js';
import { Exit, exitCodes } from './exit-codes.js';
import { PlaceInLine } from './line.js';
import type { Output } from './output.js';
import { attentionText } from './render.js';
import { askProgress, type RunHandle, type Session } from './session.js';
import { followSame, occupantText, tryStart, whoHas, type Occupant } from './start.js';
import { usualDuration, waitingText, type Waiting } from './waiting-text.js';
import { jsonLine } from './terminal-text.js';

export interface TurnOptions {
  /** Cancel the deploy that runs, and go before those who wait. */
  readonly supersede: boolean;
  readonly json: boolean;
}

const pollMs = 1000;

/**
 * Waits until it is this deploy's turn, and starts it. Whoever came first comes first; a waiter that is killed is
 * forgotten within seconds, since nothing of its deploy exists yet.
 *
 * @throws {Exit} `cancelled` when a newer deploy came instead; `detached` on Ctrl-C. Nothing was started then.
 */
export async function startInTurn(
  session: Session,
  client: Client,
  input: DeployInput,
  options: TurnOptions,
): Promise<RunHandle> {
  const { settings, release, requestedBy } = input;
  const place = new PlaceInLine(client, settings, {
    ...{ id: randomUUID(), release, requestedBy },
    supersede: options.supersede,
  });
  const turn = new Turn(session, client, { input, place, options });
  const interrupt = interruptible();
  try {
    for (;;) {
      const handle = await turn.look();
      if (handle) return handle;
      if ((await Promise.race([sleep(pollMs), interrupt.pressed])) === 'interrupted') {
        throw new Exit(exitCodes.detached, `${release} waits no more, and was not started.`);
      }
    }
  } finally {
    interrupt.stop();
    await place.leave();
  }
}

interface Wish {
  readonly input: DeployInput;
  readonly place: PlaceInLine;
  readonly options: TurnOptions;
}

class Turn {
  private readonly session: Session;
  private readonly client: Client;
  private readonly wish: Wish;
  private readonly begun = Date.now();
  private readonly cancelled = new Set<string>();
  private readonly teller: Teller;
  private saidSilent = false;
  private readonly stuck = { saidOf: '', askedAt: Date.now() };

  constructor(session: Session, client: Client, wish: Wish) {
    this.session = session;
    this.client = client;
    this.wish = wish;
    this.teller = new Teller(session.output, wish.options);
  }

  /** One look at the line and at what runs; the run, once it is started. */
  async look(): Promise<RunHandle | null> {
    try {
      return await this.tryTurn();
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      if (!this.saidSilent) this.session.output.note('Temporal or its worker does not answer; still waiting');
      this.saidSilent = true;
      await this.session.revive();
      return null;
    }
  }

  private async tryTurn(): Promise<RunHandle | null> {
    const { input, place, options } = this.wish;
    const { own, ahead } = await place.hold();
    if (own?.supersededBy !== undefined) {
      const message = `${input.release} was not started: ${own.supersededBy} is deployed instead (--supersede).`;
      throw new Exit(exitCodes.cancelled, message);
    }
    const start = { kind: 'deploy', input } as const;
    const occupant = await whoHas(this.client, input.settings);
    const same = occupant && followSame(this.session, start, occupant);
    if (same) return same;
    if (!occupant && own && ahead.length === 0) return tryStart(this.client, start);
    if (occupant && options.supersede) await this.cancelOnce(occupant);
    await this.tell(occupant, ahead);
    if (occupant) await this.tellAttention(occupant);
    this.saidSilent = false;
    return null;
  }

  /** A rollback or a restore is a person's decision: it is waited for. */
  private async cancelOnce(occupant: Occupant): Promise<void> {
    if (occupant.memo.kind !== 'deploy' || this.cancelled.has(occupant.runId)) return;
    this.cancelled.add(occupant.runId);
    await occupant.handle.cancel();
    this.session.output.note(`cancelling ${occupantText(occupant)}: it is undone first`);
  }

  /** One that waits for a person may be waited for in vain: that is said once. */
  private async tellAttention(occupant: Occupant): Promise<void> {
    const { stuck } = this;
    if (stuck.saidOf === occupant.runId || Date.now() - stuck.askedAt < renewMs) return;
    const progress = await askProgress(occupant.handle).catch(() => null);
    stuck.askedAt = Date.now();
    const asked = progress && (attentionText(progress) || approvalText(progress, Date.now()));
    if (!asked) return;
    stuck.saidOf = occupant.runId;
    this.session.output.note(`${occupantText(occupant)} waits for a person. ${asked}`);
  }

  private async tell(occupant: Occupant | null, ahead: Line): Promise<void> {
    const { settings } = this.wish.input;
    await this.teller.tell(
      { occupant, ahead, sinceMs: this.begun, undoing: this.cancelled.has(occupant?.runId ?? '') },
      () => usualDuration(this.client, workflowId(settings)),
    );
  }
}

/** Says what is waited for: all the time on a terminal, and elsewhere when it changes and once a minute. */
class Teller {
  private readonly output: Output;
  private readonly json: boolean;
  private usualMs: number | null | undefined;
  private said = { what: '', at: 0 };

  constructor(output: Output, { json }: TurnOptions) {
    this.output = output;
    this.json = json;
  }

  async tell(waiting: Waiting, usual: () => Promise<number | null>): Promise<void> {
    if (this.usualMs === undefined) this.usualMs = await usual();
    const now = Date.now();
    const text = waitingText(waiting, this.usualMs, now);
    const { output } = this;
    if (output.live && !this.json) return output.redraw(text);
    const what = [waiting.occupant?.runId, waiting.undoing, ...waiting.ahead.map(({ id }) => id)].join(' ');
    if (what === this.said.what && now - this.said.at < 60_000) return;
    this.said = { what, at: now };
    if (!this.json) return output.note(text);
    const { occupant, ahead } = waiting;
    const others = ahead.map(({ release, requestedBy }) => ({ release, requestedBy }));
    output.print(
      jsonLine({
        event: 'waiting',
        for: occupant && { ...occupant.memo, since: occupant.startTime },
        ahead: others,
      }),
    );
  }
}

/** Ctrl-C, or the end of a CI job, gives the place up at once. */
function interruptible(): { readonly pressed: Promise<'interrupted'>; readonly stop: () => void } {
  let press: (value: 'interrupted') => void;
  const pressed = new Promise<'interrupted'>((resolve) => (press = resolve));
  const onSignal = (): void => press('interrupted');
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  return { pressed, stop: () => void process.off('SIGINT', onSignal).off('SIGTERM', onSignal) };
}
