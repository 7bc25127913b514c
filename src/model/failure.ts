/**
 * Every way in which a step can fail, as the `type` of Temporal's `ApplicationFailure`: a closed list,
 * because the class of an error does not survive the way into a workflow, and its type does.
 */
export const failureTypes = [
  /** Preflight found something that must be mended first; nothing was touched. */
  'PreflightFailed',
  /** The image could be neither found, pulled nor built. */
  'ImageUnavailable',
  /** The backup could not be made or did not verify. */
  'BackupFailed',
  /** The migration failed on a copy; the database never saw it. */
  'RehearsalFailed',
  /** Somebody has switched the router without this run, by break glass. */
  'SwitchedMeanwhile',
  /** An attempt that was cut off came back after a later step had acted in its place; it changed nothing. */
  'Overtaken',
  /** Writes were held longer than configured. */
  'HoldTooLong',
  /** What was restored from the replica is not what the database holds. */
  'ReplicaNotProven',
  /** The new slot did not become healthy in time, or died. */
  'SlotUnhealthy',
  /** The new slot answers, but not as the release that was deployed. */
  'WrongRelease',
  /** nginx refuses the new config; the previous one is still in place. */
  'RouterConfigInvalid',
  /** The router did not prove that it serves the new slot. */
  'SwitchNotProven',
  /** Through the router's new config a path answers otherwise than through its user's. */
  'AnswersDiffer',
  /** The release did badly under users' requests, in a canary or after the switch. */
  'BakeFailed',
  /** A person, or the deadline, did not let the release go on. */
  'NotApproved',
  /** The database could not be put back. */
  'RestoreFailed',
  /** The restore that a person asked for cannot be made: no such backup, a damaged one, or one that does not fit. */
  'RestoreRefused',
  /** The restore that a person asked for waited for the database's lock in vain; nothing was changed. */
  'DatabaseLocked',
  /** There is no earlier release to go back to. */
  'NothingToRollBackTo',
  /** The replica could not be restored: there is none, it is damaged, or its storage refuses us. */
  'ReplicaNotRestored',
  /** The replica's storage does not answer (retried). */
  'ReplicaUnreachable',
  /** What was restored from the replica is damaged, or the app is not healthy on it. */
  'RestoredDataUnfit',
  /** Nobody who may ask has asked for it: it is not signed with the key of the worker. */
  'NotAllowed',
  /** The input of the workflow is not what this version of pointsman understands. */
  'InvalidInput',
  /** A command on the host ended with an error that may pass (retried). */
  'CommandFailed',
  /** The Docker engine did not answer (retried). */
  'DockerUnavailable',
  /** The host does not answer over SSH, or the connection broke (retried). */
  'HostUnreachable',
  /** The host is not proven to be the right one, or does not let us in. */
  'HostRefused',
] as const;

export type FailureType = (typeof failureTypes)[number];

/** Trying again cannot help: a person, or the compensation, has to act first. */
export const nonRetryableFailures: readonly FailureType[] = [
  'PreflightFailed',
  'ImageUnavailable',
  'RehearsalFailed',
  'SwitchedMeanwhile',
  'Overtaken',
  'HoldTooLong',
  'ReplicaNotProven',
  'SlotUnhealthy',
  'WrongRelease',
  'RouterConfigInvalid',
  'AnswersDiffer',
  'BakeFailed',
  'NotApproved',
  'RestoreRefused',
  'DatabaseLocked',
  'NothingToRollBackTo',
  'ReplicaNotRestored',
  'RestoredDataUnfit',
  'NotAllowed',
  'InvalidInput',
  'HostRefused',
];

/** How a deploy or rollback can end badly, as the `type` of the workflow's own failure. */
export const endingTypes = [
  /** Refused by preflight (or nothing to roll back to): nothing was touched. */
  'Refused',
  /** Failed, and everything was undone. */
  'FailedAndUndone',
  /** Failed, and a person skipped a compensation that could not finish. */
  'FailedWithSkips',
] as const;

export type EndingType = (typeof endingTypes)[number];
