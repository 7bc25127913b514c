import type { ExitCode } from './exit-codes.js';

/**
 * Ends the process with this code, whatever connections and timers are left, once all that it printed has been taken: a
 * pipe holds 64 KiB, and what a slow reader (a pager, the log of a CI job) has not taken by then would be lost.
 */
export async function endWith(code: ExitCode): Promise<never> {
  await Promise.all([process.stdout, process.stderr].map(taken));
  process.exit(code);
}

function taken(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => void stream.write('', () => resolve()));
}

/** A reader that leaves (`| head`) changes nothing of what a command does, nor of the code that it ends with. */
export function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreBrokenPipe);
}

function ignoreBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
