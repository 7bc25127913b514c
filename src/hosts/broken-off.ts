import { SshError } from './ssh/error.js';

/** How Node names what broke in the middle, on whichever end. */
const codes = ['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'];

/**
 * Whether a connection to a host or its engine broke off: that says nothing about what was asked, so it is never taken for
 * an answer, and the same question may be asked again.
 */
export function brokeOff(error: unknown): boolean {
  // A host that does not open a port or socket has answered.
  if (error instanceof SshError) return error.passing && error.problem !== 'unopened';
  return codes.includes((error as NodeJS.ErrnoException).code ?? '');
}
