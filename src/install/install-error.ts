/** Which way an installation ended that did not succeed. */
export type InstallErrorKind = 'refused' | 'busy' | 'unavailable' | 'undone';

/** An end that is already explained: the message says what was found and what to do. */
export class InstallError extends Error {
  override readonly name = 'InstallError';
  readonly kind: InstallErrorKind;

  constructor(kind: InstallErrorKind, message: string) {
    super(message);
    this.kind = kind;
  }
}
