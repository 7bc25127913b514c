/** Why the database tool gave up. `bug` is anything that it did not foresee. */
export type ToolFailure = 'busy' | 'corrupt' | 'no-space' | 'not-found' | 'bug';

/** Thrown when the database tool could not do its work; the database is as it was before. */
export class ToolError extends Error {
  override readonly name = 'ToolError';
  readonly failure: ToolFailure;

  constructor(command: string, failure: ToolFailure, reason: string) {
    super(`${command} of the database: ${reason}`);
    this.failure = failure;
  }
}
