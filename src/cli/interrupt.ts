import type { RunHandle, Session } from './session.js';
import { reasonOf } from '../model/reason.js';

/** How long after the first Ctrl-C a second one still means: cancel. */
export const twiceWithinMs = 3000;

const detachedText =
  'It goes on. See it: pointsman status (the same deploy, asked for again, follows it). Cancel it: pointsman abort.';

export interface Interruptible {
  /** The person, or the job, looks no longer. */
  readonly detached: Promise<'detached'>;
  readonly stop: () => void;
}

/**
 * Ctrl-C once stops showing a run, unless a second one within a few seconds cancels it; a third one does not wait for the
 * undoing. A job that is ended (SIGTERM) has no second one: the run goes on.
 */
export function interruptible({ output }: Session, handle: RunHandle): Interruptible {
  let presses = 0;
  let waiting: NodeJS.Timeout | undefined;
  let detach: (value: 'detached') => void;
  const detached = new Promise<'detached'>((resolve) => (detach = resolve));
  const leave = (text: string): void => {
    output.note(text);
    detach('detached');
  };
  const onInterrupt = (): void => {
    presses += 1;
    clearTimeout(waiting);
    if (presses === 1) {
      output.note(`Ctrl-C again within ${twiceWithinMs / 1000} s cancels and undoes; else this only stops showing it.`);
      waiting = setTimeout(() => leave(detachedText), twiceWithinMs);
    } else if (presses === 2) {
      output.note('cancelling: what was done is undone. Ctrl-C again stops showing that.');
      handle.cancel().catch((error: unknown) => {
        output.note(`It could not be cancelled: ${reasonOf(error)}.`);
        leave(detachedText);
      });
    } else leave('It goes on being undone. See it: pointsman status.');
  };
  const onTerminate = (): void => leave(detachedText);
  process.on('SIGINT', onInterrupt).on('SIGTERM', onTerminate);
  const stop = (): void => {
    clearTimeout(waiting);
    process.off('SIGINT', onInterrupt).off('SIGTERM', onTerminate);
  };
  return { detached, stop };
}
