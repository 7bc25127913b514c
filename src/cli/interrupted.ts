import { Exit, exitCodes } from './exit-codes.js';

/**
 * Does something that Ctrl-C ends.
 *
 * @throws {Exit} `detached` when it was ended so.
 */
export async function untilInterrupted<Result>(act: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const interrupt = new AbortController();
  const stop = (): void => interrupt.abort();
  process.once('SIGINT', stop);
  try {
    return await act(interrupt.signal);
  } catch (error) {
    throw interrupt.signal.aborted ? new Exit(exitCodes.detached) : error;
  } finally {
    process.off('SIGINT', stop);
  }
}
