/**
 * Why a host cannot be worked on over SSH.
 *
 * - `usage`: the address, a key or a setting of ours is wrong.
 * - `host-key`: the host is not proven to be the one that is meant.
 * - `refused`: the host refuses the user or what was asked for.
 * - `unreachable`: nothing answers there (may pass).
 * - `unopened`: the host does not open a port or socket that is asked for (may pass).
 * - `lost`: the connection broke in the middle (may pass).
 */
export type SshProblem = 'usage' | 'host-key' | 'refused' | 'unreachable' | 'unopened' | 'lost';

/** Thrown by everything that works over SSH; the message says what is wrong and what to do next. */
export class SshError extends Error {
  override readonly name = 'SshError';
  readonly problem: SshProblem;

  constructor(problem: SshProblem, message: string, options?: ErrorOptions) {
    super(message, options);
    this.problem = problem;
  }

  /** Whether the same may work a moment later, without anybody mending anything. */
  get passing(): boolean {
    return ['unreachable', 'unopened', 'lost'].includes(this.problem);
  }
}
