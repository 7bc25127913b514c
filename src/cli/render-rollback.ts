import { formatDuration } from '../config/duration.js';
import { changedParts, type BackupManifest, type Fingerprint } from '../model/database.js';
import { visibleLine } from '../model/foreign-text.js';
import type { Progress } from '../model/progress.js';
import type { ReleaseRecord } from '../model/release-record.js';
import type { Settings } from '../model/settings.js';
import { liveText, otherSlot, type Live, type Slot } from '../model/slot.js';
import { pc } from './colours.js';
import { stageText } from './approval-text.js';
import { ageText } from './render-backups.js';

/** What a rollback would do, for the person who decides in the middle of the night. */
export interface RollbackView {
  readonly live: Live;
  readonly target: TargetView;
  readonly database: DatabaseView;
}

/** The release that it goes back to. */
export interface TargetView {
  readonly release: string;
  /** When it was live last, ISO 8601; `null`: the record does not say. */
  readonly from: string | null;
  readonly until: string | null;
  readonly deployedBy: string | null;
  /** It runs and is healthy in the other slot. */
  readonly warm: boolean;
}

/** What is known of the database, compared with how the target left it. */
export interface DatabaseView {
  /** `same`: not migrated since. `changed`: `parts` differ. `unknown`: nothing tells. `none`: there is no database. */
  readonly since: 'same' | 'changed' | 'unknown' | 'none';
  readonly parts: readonly string[];
  /** Taken when the target was live last. */
  readonly backup: string | null;
  /** Why it is not known. */
  readonly why: string | null;
}

/** When a release was live last, and who had deployed it, as the record tells. */
export function lastTimeLive(
  records: readonly ReleaseRecord[],
  release: string,
): Pick<TargetView, 'from' | 'until' | 'deployedBy'> {
  const switches = records.filter(
    ({ kind, outcome }) => (kind === 'deploy' || kind === 'rollback') && outcome === 'succeeded',
  );
  const at = switches.findLastIndex((record) => record.release === release);
  const deployed = switches.findLast((record) => record.release === release && record.kind === 'deploy');
  return {
    from: switches[at]?.endedAt ?? null,
    until: at === -1 ? null : (switches[at + 1]?.endedAt ?? null),
    deployedBy: deployed?.requestedBy ?? null,
  };
}

/** The newest backup that was taken while a release was live says how it left the database. */
export function databaseSince(
  release: string,
  backups: readonly BackupManifest[],
  now: Fingerprint | null,
): DatabaseView {
  const taken = backups.findLast(({ releaseFrom }) => releaseFrom === release);
  if (!now) return unknownDatabase('there is no database yet');
  if (!taken) return unknownDatabase(`no backup is left that was taken while ${release} was live`);
  const parts = changedParts(taken.fingerprint, now);
  return { since: parts.length > 0 ? 'changed' : 'same', parts, backup: taken.file, why: null };
}

export function unknownDatabase(why: string): DatabaseView {
  return { since: 'unknown', parts: [], backup: null, why };
}

export const noDatabase: DatabaseView = { since: 'none', parts: [], backup: null, why: null };

/** What is live, what it goes back to and how fast, and what that means for the database. */
export function rollbackText(settings: Settings, view: RollbackView, clock: number): string {
  const { live, target, database } = view;
  const { project, environment } = settings;
  return [
    pc.bold(`rollback · ${project}/${environment}`),
    `live      ${liveText(live)}`,
    visibleLine(`back to   ${target.release}${historyText(target, clock)}`),
    `          ${warmText(settings, otherSlot(live.slot), target)}`,
    ...databaseLines(database, target.release, live.release ?? 'the live release').map(
      (line, at) => `${(at === 0 ? 'database' : '').padEnd(10)}${line}`,
    ),
  ].join('\n');
}

function historyText({ from, until, deployedBy }: TargetView, clock: number): string {
  const by = deployedBy === null ? '' : `, deployed by ${deployedBy}`;
  if (from === null) return by;
  const last = until === null ? '' : ` until ${until} (${ageText(clock - Date.parse(until))})`;
  return `, live from ${from}${last}${by}`;
}

function warmText({ slots, health }: Settings, slot: Slot, { warm }: TargetView): string {
  return warm
    ? `${slots[slot]} runs it and is healthy: switching back takes one reload of the router`
    : `${slots[slot]} does not run it: it is started first and has to become healthy (${formatDuration(health.timeoutMs)} at most)`;
}

function databaseLines({ since, parts, backup, why }: DatabaseView, target: string, live: string): string[] {
  switch (since) {
    case 'none':
      return ['there is none that pointsman looks after'];
    case 'same':
      return [`no migration since ${target} was live; it stays as it is, with every row that was written since`];
    case 'changed':
      return [
        pc.yellow(
          `its ${parts.join(' and its ')} ${parts.length > 1 ? 'have' : 'has'} changed since ${target} was live: ${target} will run on the database of ${live}`,
        ),
        `it stays as it is. If ${target} cannot live with that, "pointsman restore ${backup}" puts the old one back, without the rows since`,
      ];
    case 'unknown':
      return [
        pc.yellow(`whether it was migrated since ${target} was live is not known: ${why}`),
        `it stays as it is, and ${target} will run on it`,
      ];
  }
}

/** A deploy that is not over yet and that can be taken back: that is faster than a rollback, and ends it. */
export function abortInsteadText({ database, slots }: Settings, progress: Progress): string {
  const { release, requestedBy, liveBefore, approval } = progress;
  // From the first stage of a canary on users write through the release, and what they wrote is kept.
  const before = approval?.when === 'before-switch';
  const rule = before ? 'The database is left or put back by database.restore.' : 'The database stays as it is.';
  const meaning = before
    ? `Users still get ${liveText(liveBefore)}: aborting it ends the new release before anybody gets it.`
    : `Aborting it puts everybody back on ${liveText(liveBefore)}, which still runs${liveBefore ? ` in ${slots[liveBefore.slot]}` : ''}: one reload of the router.`;
  return [
    pc.bold(`deploy ${release} by ${requestedBy} ${stageText(progress) ?? 'runs'}.`),
    `${meaning}${database ? ` ${rule}` : ''}`,
  ].join('\n');
}
