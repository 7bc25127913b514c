import type { Activities, DrainArgs, Drained } from './activities.js';
import type { Rehearsal, RestoreResult } from './database.js';

type Name = keyof Activities;
export type ArgsOf<N extends Name> = Parameters<Activities[N]>[0];
export type ResultOf<N extends Name> = Awaited<ReturnType<Activities[N]>>;

interface StepWords<N extends Name> {
  /** What the step is about to do: shown beside its name in the Temporal UI and by the CLI. */
  readonly summary: (args: ArgsOf<N>) => string;
  /** What came of it. */
  readonly note: (result: ResultOf<N>, args: ArgsOf<N>) => string;
}

/** Every step in words, in the order of the story. */
export const stepWords: { readonly [N in Name]: StepWords<N> } = {
  preflight: {
    summary: ({ release }) => `check everything before ${release} touches anything`,
    note: ({ live, warnings }) =>
      [
        live ? `live: ${live.slot}, ${live.release ?? 'release unknown'}` : 'nothing is live yet',
        count(warnings.length, 'warning'),
      ]
        .filter(Boolean)
        .join('; '),
  },
  findRollbackTarget: {
    summary: ({ to }) => (to ? `find release ${to}` : 'find the release before the live one'),
    note: ({ live, target }) => `from ${live.release ?? 'an unknown release'} back to ${target.release}`,
  },
  fetchImages: {
    summary: ({ image }) => `make sure that ${image} is on the host`,
    note: ({ source, id }) => `${source}, ${id.slice(0, 19)}`,
  },
  bootstrapRouter: {
    summary: () => 'make sure that the router has a valid config',
    note: ({ config }) => bootstrapNotes[config],
  },
  rehearseMigration: {
    summary: ({ settings }) => `run ${settings.database?.migrate?.command.join(' ') ?? 'the migration'} on a copy`,
    note: rehearsalNote,
  },
  holdWrites: {
    summary: ({ settings }) =>
      `answer writes with 503 until the switch (at most ${seconds(settings.database?.holdWrites?.timeoutMs ?? 0)})`,
    note: ({ cut, until }) =>
      `held until ${until} at the latest${cut > 0 ? `; ${count(cut, 'router worker')} with requests ended` : ''}`,
  },
  backupDatabase: {
    summary: ({ settings, timestamp, kind }) =>
      `back up ${databaseName(settings)} as …${kind ?? 'pre-deploy'}-${timestamp}`,
    note: (backup) => (backup ? `${backup.file}, ${bytes(backup.bytes)}, verified` : 'there is no database yet'),
  },
  composeUpWait: {
    summary: ({ settings, slot, release, image }) =>
      `start ${settings.slots[slot]} with ${image} (${release}) and wait for health`,
    note: ({ healthyAfterMs }) => `healthy after ${seconds(healthyAfterMs)}`,
  },
  probeSlot: {
    summary: ({ settings, slot }) => `ask ${settings.slots[slot]} itself on ${settings.health.path}`,
    note: ({ status, release }) => (release ? `${status} from release ${release}` : `${status}`),
  },
  writeRouterConfig: {
    summary: ({ slot, release }) => `write the router's config for ${slot} (${release})`,
    note: ({ changed }) => (changed ? 'tested with nginx -t, in place' : 'already in place'),
  },
  reloadRouter: {
    summary: ({ slot, release }) => `reload the router and prove that it serves ${slot} (${release})`,
    note: ({ answers, afterMs }) => `${answers} answers in a row after ${seconds(afterMs)}`,
  },
  drainSlot: {
    summary: ({ settings }) => `let requests in flight end (at most ${seconds(settings.drain.timeoutMs)})`,
    note: drainNote,
  },
  stopSlots: {
    summary: ({ settings, slots }) => `stop ${slots.map((slot) => settings.slots[slot]).join(' and ')}`,
    note: ({ stopped }) => (stopped.length > 0 ? `stopped ${stopped.join(' and ')}` : 'was not running'),
  },
  cleanUp: {
    summary: ({ settings }) =>
      settings.database
        ? `keep the last ${settings.database.keepBackups} backups, remove old images`
        : 'remove old images',
    note: ({ removedBackups, removedImages }) =>
      `removed ${count(removedBackups.length, 'backup') || 'no backup'} and ${count(removedImages.length, 'image') || 'no image'}`,
  },
  recordRelease: {
    summary: ({ record }) => `record: ${record.kind} of ${record.release} ${record.outcome}`,
    note: () => 'recorded',
  },
  collectLogs: {
    summary: ({ settings, slot }) => `collect the last lines of ${settings.slots[slot]}, router and litestream`,
    note: (sections) => sections.map(({ title, lines }) => `${title}: ${lines.length}`).join(', '),
  },
  switchBack: {
    summary: ({ live }) => (live ? `switch the router back to ${live.slot}` : "put the router's placeholder back"),
    note: ({ changed }) => (changed ? 'switched back' : 'the router had not been switched'),
  },
  restoreDatabase: {
    summary: ({ backup }) => `put the database back to ${backup.file}, if the rule says so`,
    note: restoreNote,
  },
  releaseWrites: {
    summary: () => 'let writes through again',
    note: ({ changed }) => (changed ? 'writes go through' : 'writes were not held'),
  },
  findLive: {
    summary: () => 'ask the router what is live',
    note: ({ live }) => (live ? `${live.slot}, ${live.release ?? 'release unknown'}` : 'nothing is live'),
  },
  findBackup: {
    summary: ({ file }) => `check that ${file} is whole`,
    note: ({ startedAt, bytes: size, releaseFrom }) =>
      `of ${startedAt}, ${bytes(size)}, taken of ${releaseFrom ?? 'an unknown release'}`,
  },
  restoreBackup: {
    summary: ({ backup }) => `put the database back to ${backup.file}`,
    note: restoreNote,
  },
  proveReplica: {
    summary: () => 'restore the replica beside the database and compare them',
    note: (proven) =>
      proven ? `the replica holds the same, ${bytes(proven.bytes)}` : 'there is no replica that can be asked',
  },
};

function databaseName({ database }: ArgsOf<'backupDatabase'>['settings']): string {
  if (database?.kind === 'postgres') return `${database.name} of ${database.service}`;
  return database?.path ?? 'the database';
}

function rehearsalNote(rehearsal: Rehearsal | null): string {
  if (!rehearsal) return 'there is no database yet';
  const { migrates, tookMs, bytes: size, predictedMs } = rehearsal;
  const took = `${seconds(tookMs)} on a copy of ${bytes(size)}`;
  return migrates ? `migrated in ${took}; expected: ${seconds(predictedMs)}` : `nothing to migrate (${took})`;
}

const bootstrapNotes: Record<ResultOf<'bootstrapRouter'>['config'], string> = {
  kept: 'it has one',
  placeholder: 'it had none: it answers 503 until the first release is live',
  'live-slot': 'it had none: it points at the slot that runs',
};

function drainNote({ drained, remaining, afterMs }: Drained, { settings }: DrainArgs): string {
  return drained
    ? `drained after ${seconds(afterMs)}`
    : `${count(remaining, 'router worker')} still had requests after ${seconds(settings.drain.timeoutMs)}: they are cut`;
}

function restoreNote(result: RestoreResult): string {
  if (!result.restored) return `kept: ${result.reason}`;
  const rows = result.tables
    .filter(({ onlyInSalvage, changed }) => onlyInSalvage + changed > 0)
    .map(({ table, onlyInSalvage, changed }) => `${table}: ${onlyInSalvage + changed}`);
  const aside = rows.length > 0 ? `rows only there: ${rows.join(', ')}` : 'no row is only there';
  return `restored: ${result.reason}; kept aside: ${result.salvage} (${aside})`;
}

/** `1 backup`, `2 backups`, and nothing for none. */
function count(number: number, noun: string): string {
  return number === 0 ? '' : `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function bytes(size: number): string {
  return size < 1_000_000 ? `${(size / 1000).toFixed(1)} kB` : `${(size / 1_000_000).toFixed(1)} MB`;
}
