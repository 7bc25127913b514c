import type { Activities, DrainArgs, Drained, RouterConfigArgs, SlotsStopped } from './activities.js';
import type { Rehearsal, RestoreResult } from './database.js';
import { ageText, comparisonText, type InspectedRestore } from './drill.js';
import type { JudgedWindow } from './rollout.js';
import { sqliteSettings } from './settings.js';
import { liveText } from './slot.js';

type Name = keyof Activities;
export type ArgsOf<N extends Name> = Parameters<Activities[N]>[0];
export type ResultOf<N extends Name> = Awaited<ReturnType<Activities[N]>>;

interface StepWords<N extends Name> {
  /** What the step is about to do: shown beside its name in the Temporal UI and by the CLI. */
  readonly summary: (args: ArgsOf<N>) => string;
  /** What came of it. */
  readonly note: (result: ResultOf<N>, args: ArgsOf<N>) => string;
  /** What a program of the app's own wrote. */
  readonly lines?: (result: ResultOf<N>) => readonly string[];
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
    note: ({ config, holdEnded, stageEnded }) =>
      bootstrapNotes[config] +
      (holdEnded ? '; the write hold of a deploy that is gone was ended' : '') +
      (stageEnded ? '; the canary, preview or watch of a deploy that is gone was ended' : ''),
  },
  rehearseMigration: {
    summary: ({ settings }) =>
      `run ${sqliteSettings(settings)?.migrate?.command.join(' ') ?? 'the migration'} on a copy`,
    note: rehearsalNote,
    lines: (rehearsal) => rehearsal?.output ?? [],
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
    summary: (args) => `write the router's config for ${sharesText(args)}`,
    note: ({ changed }) => (changed ? 'tested with nginx -t, in place' : 'already in place'),
  },
  reloadRouter: {
    summary: (args) => `reload the router and prove that it serves ${sharesText(args)}`,
    note: ({ answers, afterMs }) => `${answers} answers in a row after ${seconds(afterMs)}`,
  },
  drainSlot: {
    summary: ({ settings }) => `let requests in flight end (at most ${seconds(settings.drain.timeoutMs)})`,
    note: drainNote,
  },
  stopSlots: {
    summary: ({ settings, slots }) => `stop ${slots.map((slot) => settings.slots[slot]).join(' and ')}`,
    note: stoppedNote,
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
    summary: ({ settings, backup }) =>
      settings.database?.kind === 'postgres'
        ? 'see what the failed release changed in the database, which is left as it is'
        : `put the database back to ${backup.file}, if the rule says so`,
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
    summary: ({ settings, backup }) =>
      settings.database?.kind === 'postgres'
        ? `put the database back to ${backup.file}, by a swap of the two`
        : `put the database back to ${backup.file}, in place`,
    note: restoreNote,
  },
  proveReplica: {
    summary: () => 'restore the replica beside the database and compare them',
    note: (proven) =>
      proven ? `the replica holds the same, ${bytes(proven.bytes)}` : 'there is no replica that can be asked',
  },
  restoreReplica: {
    summary: () => 'restore the newest replica into a scratch volume',
    note: ({ age, tookMs }) => `restored in ${seconds(tookMs)}; ${ageText(age)}`,
  },
  inspectRestored: {
    summary: () => 'check the restored database and compare it with the live one',
    note: inspectedNote,
  },
  probeRestored: {
    summary: ({ live }) =>
      `start ${live.release ?? 'the live release'} on it, without a network, and ask for its health`,
    note: ({ healthyAfterMs }) => `healthy after ${seconds(healthyAfterMs)}`,
  },
  removeScratch: {
    summary: () => 'remove the scratch volume and its containers',
    note: ({ removed }) => (removed.length > 0 ? `removed ${removed.length}` : 'nothing was left'),
  },
  recordDrill: {
    summary: ({ record }) => `record: drill ${record.outcome}`,
    note: () => 'recorded',
  },
  watchLive: {
    summary: ({ live }) => `note what ${live.slot} answers, to compare the new release with it`,
    note: ({ changed }) => (changed ? 'noted from now on' : 'noted already'),
  },
  judgeTraffic: {
    summary: ({ settings, slot, release }) =>
      `judge ${release} in ${settings.slots[slot]} every ${seconds(settings.judging?.windowMs ?? 0)}`,
    note: judgedText,
  },
  endWatch: {
    summary: () => 'end the notes of what each slot answers',
    note: ({ changed }) => (changed ? 'ended' : 'there were none'),
  },
  setMaintenance: {
    summary: ({ on }) => (on ? 'answer everything with 503 and Retry-After' : 'serve the app again'),
    note: ({ changed, live }) => `${changed ? 'done' : 'it was so already'}; behind it: ${liveText(live)}`,
  },
  findAdoptable: {
    summary: () => 'find what runs behind the config of your own',
    note: ({ live, kept, snippets }) =>
      [`${liveText(live)} of ${live.image}`, count(kept, 'directive') && `${count(kept, 'directive')} kept`]
        .concat(count(snippets.length, 'snippet file'))
        .filter(Boolean)
        .join(', '),
  },
  askPaths: {
    summary: ({ paths }) => `ask ${paths.join(', ')} through the config of your own`,
    note: ({ answers }) => `noted what ${count(answers.length, 'path') || 'no path'} answered`,
  },
  writeAdoption: {
    summary: ({ live }) => `keep the config of your own beside the new one, which serves ${liveText(live)}`,
    note: ({ changed }) => (changed ? 'tested with nginx -t, in place' : 'already in place'),
  },
  comparePaths: {
    summary: ({ before }) => `ask ${before.map(({ path }) => path).join(', ')} again and compare`,
    note: ({ paths }) => `${count(paths, 'path') || 'no path'}: the same answers as before`,
  },
  undoAdoption: {
    summary: () => 'put the config of your own back, and every file as it was',
    note: ({ changed }) => (changed ? 'it serves again, as before' : 'it had not been replaced'),
  },
  noteSlots: {
    summary: ({ slots }) => `note what runs in ${slots.map(({ slot }) => slot).join(' and ')}`,
    note: () => 'noted',
  },
};

function inspectedNote({ bytes: size, rows, live }: InspectedRestore): string {
  const total = Object.values(rows).reduce((sum, each) => sum + each, 0);
  const what = `${count(total, 'row') || 'no row'} in ${count(Object.keys(rows).length, 'table') || 'no table'}`;
  return `sound, ${what}, ${bytes(size)}; ${comparisonText(live)}`;
}

function databaseName({ database }: ArgsOf<'backupDatabase'>['settings']): string {
  if (database?.kind === 'postgres') return `${database.name} of ${database.service}`;
  return database?.path ?? 'the database';
}

/** What came of a rehearsal, and what is expected of the real migration. */
export function rehearsalNote(rehearsal: Rehearsal | null): string {
  if (!rehearsal) return 'there is no database yet';
  const { migrates, tookMs, bytes: size, predictedMs } = rehearsal;
  const took = `${seconds(tookMs)} on a copy of ${bytes(size)}`;
  return migrates
    ? `migrated in ${took}; the real one is expected to hold the database for ${seconds(predictedMs)}`
    : `nothing to migrate (${took})`;
}

const bootstrapNotes: Record<ResultOf<'bootstrapRouter'>['config'], string> = {
  kept: 'it has one',
  placeholder: 'it had none: it answers 503 until the first release is live',
  'live-slot': 'it had none: it points at the slot that runs',
};

function drainNote({ drained, remaining, cut = 0, afterMs }: Drained, { settings }: DrainArgs): string {
  if (drained) return `drained after ${seconds(afterMs)}`;
  const ended = `${count(remaining, 'router worker')} still had requests after ${seconds(settings.drain.timeoutMs)}: ended`;
  return cut > 0 ? `${ended}, ${count(cut, 'connection')} to the app cut` : ended;
}

/** Whose requests go where. */
function sharesText({ slot, release, stage }: RouterConfigArgs): string {
  const to = `${slot} (${release})`;
  if (!stage) return to;
  return stage.weight === 0
    ? `${to} to whoever asks for it by header, and ${liveText(stage.live)} to everybody else`
    : `${to} to ${stage.weight} % of the requests, and ${liveText(stage.live)} to the rest`;
}

function stoppedNote({ stopped, kept = [] }: SlotsStopped): string {
  if (kept.length > 0) return `kept ${kept.join(' and ')}: it is what the router serves`;
  return stopped.length > 0 ? `stopped ${stopped.join(' and ')}` : 'was not running';
}

function restoreNote(result: RestoreResult): string {
  if (!result.restored) return `kept: ${result.reason}`;
  const rows = result.tables
    .filter(({ onlyInSalvage, changed }) => onlyInSalvage + changed > 0)
    .map(({ table, onlyInSalvage, changed }) => `${table}: ${onlyInSalvage + changed}`);
  const aside = rows.length > 0 ? `rows only there: ${rows.join(', ')}` : 'no row is only there';
  return `restored: ${result.reason}; kept aside: ${result.salvage} (${aside})`;
}

/** How a release did in one window. */
export function judgedText({ release, unhealthy }: Pick<JudgedWindow, 'release' | 'unhealthy'>): string {
  if (unhealthy !== null) return unhealthy;
  const { requests, errors, p95Ms } = release;
  if (requests === 0) return 'healthy, no requests';
  const asked = `${thousands(requests)} ${requests === 1 ? 'request' : 'requests'}`;
  const share = ((100 * errors) / requests).toFixed(1);
  return `healthy, ${asked}, ${share} % 5xx${p95Ms === null ? '' : `, p95 ${Math.round(p95Ms)} ms`}`;
}

/** `1,203` */
function thousands(number: number): string {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `1 backup`, `2 backups`, and nothing for none. */
function count(number: number, noun: string): string {
  return number === 0 ? '' : `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** `2.4 s` */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function bytes(size: number): string {
  return size < 1_000_000 ? `${(size / 1000).toFixed(1)} kB` : `${(size / 1_000_000).toFixed(1)} MB`;
}
