/**
 * Why the database tool gave up. `refused`: trying again cannot help, a person has to act first. `bug` is anything
 * that it did not foresee.
 */
export type ToolFailure = 'busy' | 'corrupt' | 'no-space' | 'not-found' | 'refused' | 'bug';

const failures: Readonly<Record<number, ToolFailure>> = {
  3: 'busy',
  4: 'corrupt',
  5: 'no-space',
  6: 'not-found',
  7: 'refused',
};

/** What a tool of any engine means by its exit code. */
export function failureOfExit(exitCode: number): ToolFailure {
  return failures[exitCode] ?? 'bug';
}

/** Thrown when the database tool could not do its work. No row is lost: what a cut restore replaced is in its salvage. */
export class ToolError extends Error {
  override readonly name = 'ToolError';
  readonly failure: ToolFailure;

  constructor(command: string, failure: ToolFailure, reason: string) {
    super(`${command} of the database: ${reason}`);
    this.failure = failure;
  }
}
