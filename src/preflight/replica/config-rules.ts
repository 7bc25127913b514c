import { error, warning, type Said } from '../check.js';
import type { Line } from './version.js';

type Section = Readonly<Record<string, unknown>>;

/** A config as it is judged. */
export interface Judged {
  readonly config: Section;
  /** The config file's path, for messages. */
  readonly file: string;
  readonly version: { readonly text: string; readonly line: Line };
  /** Where the database is in Litestream's container. */
  readonly database: string;
}

export function sectionOf(value: unknown): Section {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Section) : {};
}

export function listOf(value: unknown): readonly Section[] {
  return Array.isArray(value) ? value.map(sectionOf) : [];
}

/** The entry of a database; `null` where none has its path. */
export function databaseEntry(config: Section, database: string): Section | null {
  const same = (path: unknown): boolean => typeof path === 'string' && path.replace(/\/+/g, '/') === database;
  return listOf(config['dbs']).find(({ path }) => same(path)) ?? null;
}

/** The replicas of an entry, whichever way they are written. */
export function replicasOf(entry: Section): readonly Section[] {
  const one = entry['replica'] === undefined ? [] : [sectionOf(entry['replica'])];
  return [...one, ...listOf(entry['replicas'])];
}

/** What Litestream would refuse, ignore or do otherwise than its config says. */
export function configProblems(judged: Judged): readonly Said[] {
  const { config, file, database } = judged;
  const entries = listOf(config['dbs']);
  // A whole directory is watched: which databases are in it is known only there.
  const watched = entries.some(
    ({ dir }) => typeof dir === 'string' && database.startsWith(`${dir.replace(/\/$/, '')}/`),
  );
  const entry = databaseEntry(config, database);
  if (!entry && watched) return [];
  if (!entry) {
    return [
      error(
        `${file} does not replicate the database: no entry under dbs has the path ${database}.`,
        'Write that path, or set database.path in pointsman.yml: they must be the same file.',
      ),
    ];
  }
  return judged.version.line === '0.5' ? problemsOf05(judged, entry) : problemsOf03(judged, entry);
}

function problemsOf05({ config, file, version }: Judged, entry: Section): Said[] {
  return [
    ...replicas05(entry, version.text, file),
    ...ignored05(entry, file),
    ...(sectionOf(config['socket'])['enabled'] === true
      ? []
      : [
          warning(
            `${file} does not enable Litestream's socket: how far the replica is behind cannot be told.`,
            'Add "socket: { enabled: true, path: /var/run/litestream.sock }".',
          ),
        ]),
  ];
}

function replicas05(entry: Section, version: string, file: string): Said[] {
  const listed = listOf(entry['replicas']);
  if (replicasOf(entry).length > 1) {
    return [
      error(
        `${file} has ${replicasOf(entry).length} replicas of the database: Litestream ${version} takes one and would not start.`,
        'Keep the one off the host, such as R2, as "replica"; for the second copy set database.backups in pointsman.yml: its own verified backups.',
      ),
    ];
  }
  if (replicasOf(entry).length === 0) {
    return [error(`${file} names no replica of the database.`, 'Add "replica" to its entry under dbs.')];
  }
  return listed.length === 0
    ? []
    : [
        warning(
          `${file} has a list of replicas, which Litestream 0.5 calls deprecated.`,
          'Write its one entry as "replica".',
        ),
      ];
}

const retentionOf05 = 'Write "snapshot: { interval: 24h, retention: 72h }" at the top of the file instead.';

/** Keys of 0.3 that 0.5 passes over without a word; what they asked for is then simply not done. */
const ignored: Readonly<Record<string, string>> = {
  retention: retentionOf05,
  'retention-check-interval': 'Remove it: 0.5 has no such key.',
  'snapshot-interval': retentionOf05,
  'max-checkpoint-page-count': 'Remove it: see truncate-page-n.',
};

function ignored05(entry: Section, file: string): Said[] {
  const used = [entry, ...replicasOf(entry)].flatMap((section) => Object.keys(section));
  return Object.entries(ignored)
    .filter(([key]) => used.includes(key))
    .map(([key, fix]) => warning(`${file} has ${key}, a key of Litestream 0.3 that 0.5 silently ignores.`, fix));
}

function problemsOf03({ file, version }: Judged, entry: Section): Said[] {
  if (entry['replica'] !== undefined) {
    return [
      error(
        `${file} has the key "replica", which Litestream ${version.text} ignores: nothing would be replicated.`,
        'Write it as a list, "replicas", or use Litestream 0.5.',
      ),
    ];
  }
  if (replicasOf(entry).length > 0) return [];
  return [error(`${file} names no replica of the database.`, 'Add "replicas" to its entry under dbs.')];
}
