/** How a command ended. A CI job can act on these without reading text; `docs/cli.md` lists them. */
export const exitCodes = {
  /** The release is live, or the question was answered. A rollback that aborted a deploy: the old release serves. */
  succeeded: 0,
  /** A bug of pointsman. */
  unexpected: 1,
  /** Wrong option, or something wrong in pointsman.yml or the compose file. */
  usage: 2,
  /** Refused before anything was touched: preflight, image, nothing to roll back to, or a backup that is bad. */
  refused: 3,
  /** Failed, did badly under users' requests, or was not approved, and everything was undone. A drill: the replica could not be restored, or the app is not healthy on it. */
  undone: 4,
  /** A compensation could not finish and waits for `pointsman retry` or `pointsman skip`. */
  needsAttention: 5,
  /** Another deploy, rollback, backup, restore, maintenance or adopt of this environment runs, or deploys wait for it. */
  busy: 6,
  /** Cancelled, and everything was undone; or superseded in line, and not started. */
  cancelled: 7,
  /** Failed, and a person skipped part of the undoing. */
  skipped: 8,
  /** Ended from outside (terminated in Temporal): nothing was undone, and no deploy begins before that is put in order. */
  terminated: 9,
  /** Temporal cannot be reached or started. The app is not affected. */
  unavailable: 75,
  /** A host cannot be reached over SSH, is not proven to be the right one, or refuses us; or Docker does not answer. Nothing was touched. */
  unreachable: 76,
  /** Ctrl-C: this command stopped following; the deploy goes on. */
  detached: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** An end that is already explained: the message is all that a person needs, without a stack trace. */
export class Exit extends Error {
  override readonly name = 'Exit';
  readonly code: ExitCode;

  constructor(code: ExitCode, message = '') {
    super(message);
    this.code = code;
  }
}
