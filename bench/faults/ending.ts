import type { ReleaseRecord } from '../../src/model/release-record.js';
import { otherSlot, type Slot } from '../../src/model/slot.js';
import type { Kill } from './cells.js';
import type { ContainerFacts, World } from './world.js';

/** How the workflow ended. */
export interface Outcome {
  /** `COMPLETED`, `FAILED`, … */
  readonly status: string;
  /** Type of the failure, the step, what was undone and what was skipped; empty where it ended well. */
  readonly failure: string;
  readonly warnings: readonly string[];
  /** What it said of its failure: told where it ended differently, not compared. */
  readonly message?: string;
}

/** What stands at the end of a run, in words that are the same for every run that ended in the same state. */
export type Ending = Readonly<Record<string, string>>;

export interface Seen {
  readonly before: World;
  readonly after: World;
  readonly outcome: Outcome;
  /** Release that the run was about. */
  readonly release: string;
  /** Ids of the notes whose writing was acknowledged while it ran. */
  readonly acknowledged: readonly string[];
  readonly kills: readonly Kill[];
}

/** Lost: neither in the database nor in what a restore kept aside. */
export function lostRows({ after, acknowledged }: Pick<Seen, 'after' | 'acknowledged'>): string[] {
  const kept = new Set([...after.database.notes, ...after.database.aside]);
  return acknowledged.filter((id) => !kept.has(id));
}

export function endingOf(seen: Seen): Ending {
  const { before, after, outcome } = seen;
  const say = sayer(seen);
  const absent = seen.acknowledged.filter((id) => !after.database.notes.includes(id)).length;
  return {
    workflow: say([outcome.status, outcome.failure].filter(Boolean).join(' ')),
    warnings: outcome.warnings.map(say).sort().join('\n'),
    live: after.live ? say(`${after.live.slot} ${after.live.release ?? 'unknown'}`) : 'nothing',
    ...containers(seen, say),
    strays: after.strays
      .filter((name) => !before.strays.includes(name))
      .map(say)
      .join(' '),
    config: say(after.config),
    'config files': changed(before.configFiles, after.configFiles).map(say).join(' '),
    'slot images': Object.entries(after.slotImages)
      .map(([slot, { image, release: from }]) => say(`${slot}: ${image} (${from})`))
      .sort()
      .join(', '),
    integrity: after.database.integrity,
    schema: after.database.schema === before.database.schema ? 'as before' : after.database.schema,
    'files of the database': changed(before.database.files, after.database.files).map(say).join(' '),
    'backups that are not what they say': after.database.unlike.map(say).join(' '),
    records: after.records
      .slice(before.records.length)
      .map((record) => say(recordText(record)))
      .join('\n'),
    'rows lost': String(lostRows(seen).length),
    'rows only kept aside': absent > lostRows(seen).length ? 'some' : 'none',
  };
}

/** Keys in which an ending is not the expected one, with both. */
export function differences(expected: Ending, seen: Ending): string[] {
  const keys = [...new Set([...Object.keys(expected), ...Object.keys(seen)])];
  return keys
    .filter((key) => expected[key] !== seen[key])
    .map((key) => `${key}: ${quoted(expected[key])} without a kill, ${quoted(seen[key])} with it`);
}

function quoted(text = ''): string {
  return text === '' ? 'none' : JSON.stringify(text);
}

/** Those of now that were not there before: what is kept and what is pruned depends on how many runs there were. */
function changed(before: readonly string[], after: readonly string[]): string[] {
  return after.filter((name) => !before.includes(name) && !/-(wal|shm|journal)$/.test(name));
}

function recordText({ kind, outcome, release, slot, image, previous, backup }: ReleaseRecord): string {
  return [kind, outcome, release, slot, image, `after ${previous}`, backup ?? 'no backup'].join(' ');
}

/** Which slot is which, which release is which and what the time was is another matter in every run. */
function sayer({ before, release }: Pick<Seen, 'before' | 'release'>): (text: string) => string {
  const slot: Slot = before.live?.slot ?? 'blue';
  const names: Record<string, string> = { [slot]: 'old-slot', [otherSlot(slot)]: 'new-slot', [release]: 'RELEASE' };
  if (before.live?.release && before.live.release !== release) names[before.live.release] = 'PREVIOUS';
  const words = new RegExp(`(?<![\\w.])(${Object.keys(names).map(escaped).join('|')})(?![\\w.])`, 'g');
  return (text) =>
    text
      .replace(/\d{8}T\d{6}Z/g, 'TIME')
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
      // The router's upstream of a slot has its name in its own.
      .replace(/(?<=\bpointsman_)(blue|green)\b/g, (name) => names[name] ?? name)
      .replace(words, (name) => names[name] ?? name)
      .replace(/\b\d+(\.\d+)? (s|ms|kB|MB)\b/g, 'SOME')
      .replace(/\b[0-9a-f]{64}\b/g, 'ID');
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** One line per service: slots by what they run, the others by whether they are the very same as before. */
function containers({ before, after, kills }: Seen, say: (text: string) => string): Record<string, string> {
  const services = [...new Set([...before.containers, ...after.containers].map(({ service }) => service))];
  const lines = services.map((service): [string, string] => {
    const [was, now] = [before, after].map(({ containers: all }) => all.filter((one) => one.service === service));
    return [say(service), say(containersText(was ?? [], now ?? [], kills))];
  });
  return Object.fromEntries(lines.sort());
}

function containersText(
  was: readonly ContainerFacts[],
  now: readonly ContainerFacts[],
  kills: readonly Kill[],
): string {
  const [one] = now;
  if (now.length !== 1 || !one) return `${now.length} containers`;
  const state = one.running ? `running, ${one.health}, ${one.image}` : 'stopped';
  if (!one.running) return state;
  const old = was.find(({ id }) => id === one.id);
  const same = old !== undefined && (old.startedAt === one.startedAt || engineMayRestart(old, kills));
  return same ? `${state}, the same` : `${state}, started anew`;
}

/**
 * What was killed is started again by the engine, as the same container; an engine that was killed does so with all that
 * ran. A slot that is killed alone may come back as another container or not.
 */
function engineMayRestart({ service, running }: ContainerFacts, kills: readonly Kill[]): boolean {
  if (kills.includes('dockerd')) return running;
  return (service === 'router' || service === 'litestream') && kills.includes(service);
}
