import {
  decideRestore,
  type BackupManifest,
  type Fingerprint,
  type RestoreResult,
  type TableReport,
} from '../model/database.js';
import type { RestoreRule } from '../model/settings.js';
import type { Database } from './database.js';
import { ToolError, type ToolFailure } from './tool-error.js';
import { toolSource } from './tool-source.js';

/** Runs the tool: its source and arguments go in, its exit code and last words come out. */
export type ToolRunner = (call: ToolCall) => Promise<{ exitCode: number; stdout: string; stderr: string }>;

export interface ToolCall {
  /** Distinguishes this run from every other one of the same database, and is the same in every attempt. */
  readonly id: string;
  readonly argv: readonly [string, ...string[]];
}

export interface DatabasePlace {
  /** Path of the file as the tool sees it. */
  readonly database: string;
  /** Where the app's migration runner keeps what it has applied; `null`: the tables of the usual runners. */
  readonly migrationTable: string | null;
}

export interface BackupRequest {
  readonly timestamp: string;
  readonly deployId: string;
  readonly releaseFrom: string | null;
  readonly releaseTo: string;
  /** `manual`: asked for by a person. Absent: before a deploy. */
  readonly kind?: 'manual';
}

export interface RestoreRequest {
  readonly backup: BackupManifest;
  /** Names the salvage; the same in every attempt, so that a second one goes on where the first one was cut. */
  readonly timestamp: string;
  /** How long to wait for the write lock. */
  readonly waitSeconds: number;
}

/** The database as it stands. */
export interface DatabaseFacts {
  readonly fingerprint: Fingerprint;
  /** Rows of each of the app's tables. */
  readonly rows: Readonly<Record<string, number>>;
  /** With what is still in the WAL. */
  readonly bytes: number;
  /** Free on the volume's file system. */
  readonly freeBytes: number;
}

export interface RestoreReport {
  readonly salvage: string;
  readonly reason: string;
  /** The tables that differ. */
  readonly tables: readonly TableReport[];
  /** Tables that SQLite could not compare outside of the app; their rows are in the salvage all the same. */
  readonly notCompared: readonly { readonly table: string; readonly problem: string }[];
}

interface Inspection extends DatabaseFacts {
  readonly absent: boolean;
  /** What the quick check found. */
  readonly problem: string | null;
  readonly restoreBegun: boolean;
}

const failures: Readonly<Record<number, ToolFailure>> = {
  3: 'busy',
  4: 'corrupt',
  5: 'no-space',
  6: 'not-found',
  7: 'refused',
};

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

  /** A verified copy beside the database; the same one again when it was made before. `null`: no database yet. */
  async backup(request: BackupRequest): Promise<BackupManifest | null> {
    const answer = await this.call<{ manifest?: BackupManifest }>('backup', request.timestamp, request);
    return answer.manifest ?? null;
  }

  /** The whole backups, oldest first. */
  async list(timestamp: string): Promise<readonly BackupManifest[]> {
    return (await this.call<{ manifests: BackupManifest[] }>('list', timestamp, {})).manifests;
  }

  /** @throws {ToolError} `corrupt` when the backup is not byte for byte what was checked when it was made. */
  async verify(file: string, timestamp: string): Promise<BackupManifest> {
    return (await this.call<{ manifest: BackupManifest }>('verify', timestamp, { file })).manifest;
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

  /** Removes all but the newest `keep` backups and those in `protect`; returns the names of those removed. */
  async prune(timestamp: string, keep: number, protect: readonly string[]): Promise<readonly string[]> {
    return (await this.call<{ removed: string[] }>('prune', timestamp, { keep, protect })).removed;
  }

  private inspect(timestamp: string): Promise<Inspection> {
    return this.call<Inspection>('fingerprint', timestamp, { timestamp });
  }

  private putBack(args: { file: string; timestamp: string; waitSeconds: number; reason: string }) {
    return this.call<RestoreReport>('restore', args.timestamp, args);
  }

  private async call<Answer>(command: string, timestamp: string, args: object): Promise<Answer> {
    const input = JSON.stringify({ waitSeconds, ...this.place, ...args });
    const argv = ['python3', '-c', await toolSource(), command, input] as const;
    const result = await this.runTool({ id: `${command}-${timestamp}`, argv });
    const answer = lastLine(result.stdout);
    if (result.exitCode === 0 && answer) return JSON.parse(answer) as Answer;
    const reason = answer
      ? (JSON.parse(answer) as { error: string }).error
      : result.stderr.trim().split('\n').slice(-3).join(' ') || `the tool ended with exit code ${result.exitCode}`;
    throw new ToolError(command, failures[result.exitCode] ?? 'bug', reason);
  }
}

function lastLine(text: string): string | undefined {
  return text.trim().split('\n').at(-1) || undefined;
}
