/** Runs `litestream …` where its configuration and its storage can be reached; output has no secrets. */
export type LitestreamRunner = (call: LitestreamCall) => Promise<LitestreamOutput>;

export interface LitestreamCall {
  /** Distinguishes this run from the others of one drill, and is the same in every attempt. */
  readonly id: string;
  readonly argv: readonly [string, ...string[]];
}

export interface LitestreamOutput {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Thrown when the replica could not be restored. `passing`: its storage does not answer, so trying again may help. */
export class ReplicaError extends Error {
  override readonly name = 'ReplicaError';
  readonly passing: boolean;

  constructor(message: string, passing = false) {
    super(message);
    this.passing = passing;
  }
}

export interface ReplicaPlace {
  /** Litestream's configuration file, and the path of the database in it. */
  readonly config: string;
  readonly database: string;
  /** Where the restored database goes; no file is there. */
  readonly output: string;
}

/** The newest transaction that the replica holds. */
export interface NewestTransaction {
  /** ISO 8601, to the second. */
  readonly at: string;
  /** Merged with earlier ones since: `at` may be later than it was taken. */
  readonly merged: boolean;
}

/**
 * Restores the newest state of a replica into an empty place.
 *
 * Litestream 0.5 and 0.3 have options of their own; its help says which, whatever a build calls its version.
 *
 * @throws {ReplicaError}
 */
export async function restoreNewest(run: LitestreamRunner, place: ReplicaPlace): Promise<NewestTransaction | null> {
  const help = await run({ id: 'help', argv: ['litestream', 'restore', '-h'] });
  const options = `${help.stdout}\n${help.stderr}`;
  const { config, database, output } = place;
  const checks = options.includes('-integrity-check') ? ['-integrity-check', 'full'] : [];
  const json = options.includes('-json') ? ['-json'] : [];
  const restored = await run({
    id: 'restore',
    argv: ['litestream', 'restore', '-config', config, '-o', output, ...checks, ...json, database],
  });
  if (restored.exitCode !== 0) throw replicaError(restored, database);
  const txid = /"txid":\s*"([0-9a-f]+)"/.exec(restored.stdout)?.[1] ?? null;
  return options.includes('-txid')
    ? newestOfList(
        await run({ id: 'list', argv: ['litestream', 'ltx', '-config', config, '-level', 'all', '-json', database] }),
        txid,
      )
    : newestOfTable(await run({ id: 'list', argv: ['litestream', 'wal', '-config', config, database] }));
}

interface ListedFile {
  readonly level: number;
  readonly max_txid: string;
  readonly timestamp: string;
}

/**
 * 0.5: of the files that end with the restored transaction the earliest was written when it was taken; merged ones,
 * which stay when that is removed after some minutes, were written up to 30 s later.
 */
export function newestOfList({ exitCode, stdout }: LitestreamOutput, txid: string | null): NewestTransaction | null {
  const begin = stdout.search(/^\[/m);
  if (exitCode !== 0 || begin === -1) return null;
  const files = (JSON.parse(stdout.slice(begin)) as ListedFile[]).filter(
    ({ max_txid }) => txid === null || max_txid <= txid,
  );
  const last = files
    .map(({ max_txid }) => max_txid)
    .sort()
    .at(-1);
  const [first] = files
    .filter(({ max_txid }) => max_txid === last)
    .sort((a, b) => (a.timestamp < b.timestamp ? -1 : 1));
  return first ? { at: new Date(first.timestamp).toISOString(), merged: first.level > 0 } : null;
}

/** 0.3: the last column of `litestream wal` is when a piece of the WAL was written. */
export function newestOfTable({ exitCode, stdout }: LitestreamOutput): NewestTransaction | null {
  if (exitCode !== 0) return null;
  const times = [...stdout.matchAll(/\s(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\s*$/gm)].map(([, time]) => time ?? '');
  const last = times.sort().at(-1);
  return last ? { at: new Date(last).toISOString(), merged: false } : null;
}

/** What Litestream and the storage call it, and what it is. */
const problems: readonly (readonly [words: RegExp, meaning: string, passing?: true])[] = [
  [/no matching backup|no matching backups/i, 'there is no replica yet'],
  [/database not found in config/i, 'its configuration does not have this database'],
  [/bucket required/i, 'no bucket is set'],
  [/NoSuchBucket/, 'the bucket does not exist'],
  [/SignatureDoesNotMatch/, 'the secret key is not the right one'],
  [/InvalidAccessKeyId/, 'the access key is not known there'],
  [/RequestTimeTooSkewed/, "this host's clock is wrong"],
  [/AccessDenied|StatusCode: 40[13]/, 'access is denied'],
  [/no such file or directory.*\.yml|config file not found/i, 'its configuration file is not there'],
  [/no space left|disk is full/i, 'the disk is full'],
  [
    /connection refused|no such host|i\/o timeout|deadline exceeded|maximum number of attempts|connection reset|StatusCode: 5\d\d/i,
    'its storage does not answer',
    true,
  ],
  [
    /integrity|malformed|checksum|decode|non-?contiguous|nonsequential|unexpected EOF|bad magic|retries exceeded|not a database|calc restore plan/i,
    'it is damaged',
  ],
];

/** Litestream's last words, with what they mean before them. */
export function replicaError({ exitCode, stdout, stderr }: LitestreamOutput, database: string): ReplicaError {
  const words = (stderr.trim() || stdout.trim()).split('\n').at(-1)?.slice(0, 400) ?? '';
  const [, meaning, passing] = problems.find(([pattern]) => pattern.test(words)) ?? [null, null];
  const said = words || `it ended with exit code ${exitCode}`;
  const what = `the replica of ${database} cannot be restored`;
  return new ReplicaError(meaning ? `${what}: ${meaning} (${said})` : `${what}: ${said}`, passing === true);
}
