import type { ApprovalAnswer, Decision } from './input.js';
import type { RunKind } from './run-kind.js';
import type { Slot } from './slot.js';

/** One line of the host's append-only release record. */
export interface ReleaseRecord {
  /** Run id of the workflow: a record is appended once, however often the step runs. */
  readonly deployId: string;
  readonly kind: RunKind;
  readonly outcome: 'succeeded' | 'undone' | 'cancelled' | 'refused';
  readonly release: string;
  readonly slot: Slot | null;
  readonly image: string | null;
  /** Release that was live before. */
  readonly previous: string | null;
  /** Backup taken by this deploy, in the database's directory. */
  readonly backup: string | null;
  /** Where the files of a shipped release lie, relative to the environment's directory; absent where none were. */
  readonly directory?: string;
  readonly requestedBy: string;
  readonly startedAt: string;
  readonly endedAt: string;
  /** One sentence: why it ended as it did. */
  readonly message: string;
  /** Of an adopt: keys of `router` that `pointsman.yml` must have from now on; absent: none. */
  readonly keys?: Readonly<Record<string, string>>;
  /** Present where a person did it without Temporal. */
  readonly breakGlass?: true;
  /** Who let it go on, or did not; absent where nobody was asked. */
  readonly approval?: ApprovalAnswer;
  /** What people decided where the undoing could not finish, in order; absent where it could. */
  readonly decisions?: readonly Decision[];
}

/** As much of a record as the order of the releases is told by. */
export type ReleaseInOrder = Pick<ReleaseRecord, 'kind' | 'outcome' | 'release' | 'image' | 'directory'>;

/** A release that a rollback can go back to. */
export interface RollbackTarget {
  readonly release: string;
  readonly image: string;
  /** Where its own files lie, when it was shipped. */
  readonly directory?: string;
}

/** What puts a release at the end of the order; a rollback only goes back in it. */
const madeLive: readonly RunKind[] = ['deploy', 'adopt'];

/**
 * The release before the live one, in the order of the deploys: going back twice goes back two releases,
 * it does not return to the one that was just left.
 */
export function releaseBefore(records: readonly ReleaseInOrder[], live: string | null): RollbackTarget | null {
  const deploys = records.filter(({ kind, outcome }) => madeLive.includes(kind) && outcome === 'succeeded');
  const at = deploys.findLastIndex((record) => record.release === live);
  const earlier = deploys.slice(0, at === -1 ? deploys.length : at);
  const target = earlier.findLast((record) => record.release !== live && record.image !== null);
  return target ? targetOf(target) : null;
}

/** The latest successful deploy of a given release: what `rollback --to` goes back to. */
export function findRelease(records: readonly ReleaseRecord[], release: string): RollbackTarget | null {
  const found = records.findLast(
    (record) => record.release === release && record.outcome === 'succeeded' && record.image !== null,
  );
  return found ? targetOf(found) : null;
}

function targetOf({ release, image, directory }: ReleaseInOrder): RollbackTarget | null {
  return image === null ? null : { release, image, ...(directory === undefined ? {} : { directory }) };
}
