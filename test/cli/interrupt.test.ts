import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { interruptible, twiceWithinMs } from '../../src/cli/interrupt.js';
import type { RunHandle } from '../../src/cli/session.js';
import { waitingSession } from '../support/waiting-session.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

interface Watched {
  readonly said: readonly string[];
  readonly cancels: () => number;
  readonly left: () => Promise<boolean>;
  /** As if the signal had come; nobody else in this process is to hear it. */
  readonly signal: (name: 'SIGINT' | 'SIGTERM') => void;
}

function watched(cancel: () => Promise<unknown> = () => Promise.resolve()): Watched {
  let cancels = 0;
  const handle = {
    cancel: () => {
      cancels += 1;
      return cancel();
    },
  } as unknown as RunHandle;
  const { session, said } = waitingSession();
  const { detached } = interruptible(session, handle);
  const own = { SIGINT: process.listeners('SIGINT').at(-1), SIGTERM: process.listeners('SIGTERM').at(-1) };
  return {
    said,
    cancels: () => cancels,
    left: () => Promise.race([detached.then(() => true), vi.advanceTimersByTimeAsync(0).then(() => false)]),
    signal: (name) => void own[name]?.(name),
  };
}

describe('Ctrl-C while a run is shown', () => {
  test('once stops showing it after three seconds, and says how to follow or cancel it', async () => {
    const { said, cancels, left, signal } = watched();
    signal('SIGINT');
    await vi.advanceTimersByTimeAsync(twiceWithinMs - 1);
    expect(await left()).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await left()).toBe(true);
    expect(cancels()).toBe(0);
    expect(said).toEqual([
      'Ctrl-C again within 3 s cancels and undoes; else this only stops showing it.',
      'It goes on. See it: pointsman status (the same deploy, asked for again, follows it). Cancel it: pointsman abort.',
    ]);
  });

  test('twice cancels once, and goes on showing how it is undone', async () => {
    const { said, cancels, left, signal } = watched();
    signal('SIGINT');
    await vi.advanceTimersByTimeAsync(twiceWithinMs - 1);
    signal('SIGINT');
    await vi.advanceTimersByTimeAsync(60_000);
    expect([cancels(), await left()]).toEqual([1, false]);
    expect(said[1]).toBe('cancelling: what was done is undone. Ctrl-C again stops showing that.');
  });

  test('three times cancels once, and looks no longer', async () => {
    const { cancels, left, signal } = watched();
    for (const name of ['SIGINT', 'SIGINT', 'SIGINT'] as const) signal(name);
    expect([cancels(), await left()]).toEqual([1, true]);
  });

  test('that cannot cancel, since Temporal is away, says so', async () => {
    const { said, left, signal } = watched(() => Promise.reject(new Error('no connection')));
    signal('SIGINT');
    signal('SIGINT');
    await vi.advanceTimersByTimeAsync(0);
    expect(await left()).toBe(true);
    expect(said).toContain('It could not be cancelled: no connection.');
  });
});

test('a job that is ended leaves the run as it is, and says how to follow or cancel it', async () => {
  const { said, cancels, left, signal } = watched();
  signal('SIGTERM');
  expect([cancels(), await left()]).toEqual([0, true]);
  expect(said[0]).toMatch(/^It goes on\./);
});
