import { decideRestore, type BackupManifest, type Fingerprint, type RestoreResult } from '../model/database.js';
import type { RestoreRule } from '../model/settings.js';
import type { BackupRequest, Database, DatabaseFacts, Kept, RestoreReport, RestoreRequest } from './database.js';
import { failureOfExit, ToolError } from './tool-error.js';
import { toolSource } from './tool-source.js';

/** Runs the tool: its source and arguments go in, its exit code and last words come out. */
export type ToolRunner = (call: ToolCall) => Promise<{ exitCode: number; stdout: string; stderr: string }>;

export interface ToolCall {
  /** Distinguishes this run from every other one of the same database, and is the same in every attempt. */
  readonly id: string;
  readonly argv: readonly [string, ...string[]];
  /** It changes nothing, and must not be able to. */
  readonly readOnly?: boolean;
}

export interface DatabasePlace {
  /** Path of the file as the tool sees it. */
  readonly database: string;
  /** Where the app's migration runner keeps what it has applied; `null`: the tables of the usual runners. */
  readonly migrationTable: string | null;
  /** Directory in which backups are made; `null` or absent: beside the database. They are looked for in both. */
  readonly backups?: string | null;
}

/** Where a copy for a rehearsal lies, as the tool sees it. */
export interface CopyPlace {
  /** Path of the copy. */
  readonly copy: string;
  /** Where the volume that holds it is mounted. */
  readonly root: string;
}

/** How a copy is. */
export interface CopyFacts {
  readonly fingerprint: Fingerprint;
  /** What the quick check found. */
  readonly problem: string | null;
  /** Rows that refer to none, 1000 at most; `null` where SQLite cannot check a foreign key of the schema. */
  readonly violations: number | null;
  readonly bytes: number;
}

/** In the order in which they were made: a copy of the database, what was restored, a copy, … */
export interface ReplicaFiles {
  readonly live: readonly string[];
  readonly restored: readonly string[];
}

export interface ReplicaComparison {
  /** Of what was restored last. */
  readonly bytes: number;
  /** Parts of the fingerprint that differ. */
  readonly parts: readonly (keyof Fingerprint)[];
  /** Tables with rows that the replica should have and has not, or has and should not. */
  readonly tables: readonly { readonly table: string; readonly missing: number; readonly extra: number }[];
}

/** What a look at the database found that could not write. */
export interface Look {
  readonly bytes: number;
  readonly freeBytes: number;
  /** What the quick check found; `null` also where it could not be made, or took too long. */
  readonly problem: string | null;
}

/** A database as a drill sees it. */
export interface ExaminedDatabase extends DatabaseFacts {
  /** When it was last written to, ISO 8601. */
  readonly changedAt: string;
}

interface Inspection extends DatabaseFacts {
  readonly absent: boolean;
  /** What the quick check found. */
  readonly problem: string | null;
  readonly restoreBegun: boolean;
}

/** How long to wait for a lock that another process holds. */
const waitSeconds = 30;

/** A SQLite database in a volume, handled by the tool that runs beside the app's own connections. */
export class SqliteDatabase implements Database {
  private readonly runTool: ToolRunner;
  private readonly place: DatabasePlace;

  constructor(runTool: ToolRunner, place: DatabasePlace) {
    this.runTool = runTool;
    this.place = place;
  }

  /** `null` when there is no database yet. @throws {ToolError} `corrupt` when it fails the quick check. */
  async fingerprint(timestamp: string): Promise<DatabaseFacts | null> {
    const { absent, problem, ...facts } = await this.inspect(timestamp);
    if (absent) return null;
    if (problem) throw new ToolError('fingerprint', 'corrupt', problem);
    return facts;
  }

  /**
   * @param scratch whether it is a restored one: then all of it is checked, and any user may write to it afterwards.
   * @returns `null` when there is none.
   * @throws {ToolError} `corrupt` when the check of a restored one finds something.
   */
  async examine(timestamp: string, scratch: boolean): Promise<ExaminedDatabase | null> {
    const answer = await this.call<ExaminedDatabase & { absent: boolean }>('examine', timestamp, { scratch });
    return answer.absent ? null : answer;
  }

  /** A verified copy beside the database; the same one again when it was made before. `null`: no database yet. */
  async backup(request: BackupRequest): Promise<BackupManifest | null> {
    const answer = await this.call<{ manifest?: BackupManifest }>('backup', request.timestamp, request);
    return answer.manifest ?? null;
  }

  /** `null` when there is no database. Nothing is written; the quick check gets that long. */
  async look(timestamp: string, checkSeconds: number): Promise<Look | null> {
    const { absent, ...found } = await this.call<Look & { absent: boolean }>('look', timestamp, { checkSeconds }, true);
    return absent ? null : found;
  }

  /** The whole backups, oldest first. */
  async list(timestamp: string): Promise<readonly BackupManifest[]> {
    return (await this.kept(timestamp)).manifests;
  }

  /** The whole backups, and what restores kept aside, oldest first. */
  kept(timestamp: string): Promise<Kept> {
    return this.call<Kept>('list', timestamp, {}, true);
  }

  /**
   * @param integrity look also into the file with SQLite's integrity check.
   * @throws {ToolError} `corrupt` when the backup is not byte for byte what was checked when it was made.
   */
  async verify(file: string, timestamp: string, integrity = false): Promise<BackupManifest> {
    return (await this.call<{ manifest: BackupManifest }>('verify', timestamp, { file, integrity }, true)).manifest;
  }

  /** By the rule: where only rows differ there is nothing to undo, and a restore would lose the live slot's writes. */
  async restoreIfNeeded(rule: RestoreRule, { backup, ...request }: RestoreRequest): Promise<RestoreResult> {
    const now = await this.inspect(request.timestamp);
    if (now.absent) throw new ToolError('restore', 'not-found', `there is no database at ${this.place.database}`);
    const { restore, reason } = decideRestore(rule, backup.fingerprint, now.fingerprint);
    // An attempt before this one may have put the backup back already: then nothing differs, and its report is due.
    if (!restore && !now.restoreBegun) return { restored: false, reason };
    const report = await this.putBack({ ...request, file: backup.file, reason });
    return { restored: true, reason: report.reason, salvage: report.salvage, tables: report.tables };
  }

  /**
   * Puts a backup back in place, as one transaction, and keeps what was there aside. Open connections stay valid.
   *
   * @throws {ToolError} `refused` or `corrupt` when the file cannot be restored in place; nothing was changed then.
   */
  restore(file: string, timestamp: string, waitSeconds: number): Promise<RestoreReport> {
    return this.putBack({ file, timestamp, waitSeconds, reason: 'asked for' });
  }

  /**
   * Removes backups of deploys, all but the newest `keep`, those in `protect` and the newest one that was taken of the
   * release `rollbackTo`; returns the names of those removed.
   */
  async prune(
    timestamp: string,
    keep: number,
    protect: readonly string[],
    rollbackTo: string | null = null,
  ): Promise<readonly string[]> {
    return (await this.call<{ removed: string[] }>('prune', timestamp, { keep, protect, rollbackTo })).removed;
  }

  /**
   * Copies the live database to `place.copy`, anew; `null` when there is no database yet.
   *
   * @throws {ToolError} `no-space` when the copy, or what a migration makes of it, would not fit.
   */
  async copyForRehearsal(place: CopyPlace, timestamp: string): Promise<CopyFacts | null> {
    const { absent, ...facts } = await this.call<CopyFacts & { absent: boolean }>('copy', timestamp, place);
    return absent ? null : facts;
  }

  /** The copy as a migration has left it. */
  judgeCopy(place: CopyPlace, timestamp: string): Promise<CopyFacts> {
    return this.call<CopyFacts>('judge', timestamp, place);
  }

  /** Copies the database, as it is now, to another place that the tool sees, where `roomFor` such copies have room. */
  async copyTo(to: string, id: string, roomFor: number): Promise<void> {
    await this.call('copyElsewhere', id, { to, roomFor });
  }

  /** Compares what a replica gave with copies of the database that were taken before and after (sqlite_tool/replica.py). */
  compareReplica(files: ReplicaFiles, id: string): Promise<ReplicaComparison> {
    return this.call<ReplicaComparison>('prove', id, files, true);
  }

  private inspect(timestamp: string): Promise<Inspection> {
    return this.call<Inspection>('fingerprint', timestamp, { timestamp });
  }

  private putBack(args: { file: string; timestamp: string; waitSeconds: number; reason: string }) {
    return this.call<RestoreReport>('restore', args.timestamp, args);
  }

  private async call<Answer>(command: string, timestamp: string, args: object, readOnly = false): Promise<Answer> {
    const input = JSON.stringify({ waitSeconds, ...this.place, ...args });
    const argv = ['python3', '-c', await toolSource(), command, input] as const;
    const result = await this.runTool({ id: `${command}-${timestamp}`, argv, readOnly });
    const answer = lastLine(result.stdout);
    if (result.exitCode === 0 && answer) return JSON.parse(answer) as Answer;
    const reason = answer
      ? (JSON.parse(answer) as { error: string }).error
      : result.stderr.trim().split('\n').slice(-3).join(' ') || `the tool ended with exit code ${result.exitCode}`;
    throw new ToolError(command, failureOfExit(result.exitCode), reason);
  }
}

function lastLine(text: string): string | undefined {
  return text.trim().split('\n').at(-1) || undefined;
}
