import { readFile } from 'node:fs/promises';
import type { BackupManifest, Fingerprint, TableReport } from '../model/database.js';
import { ToolError, type ToolFailure } from './tool-error.js';

/** Runs the tool: its source and arguments go in, its exit code and last words come out. */
export type ToolRunner = (call: ToolCall) => Promise<{ exitCode: number; stdout: string; stderr: string }>;

export interface ToolCall {
  /** Distinguishes this run from every other one of the same database, and is the same in every attempt. */
  readonly id: string;
  readonly argv: readonly [string, ...string[]];
}

export interface BackupRequest {
  readonly timestamp: string;
  readonly deployId: string;
  readonly releaseFrom: string | null;
  readonly releaseTo: string;
}

export interface RestoreReport {
  readonly salvage: string;
  readonly tables: readonly TableReport[];
}

const failures: Readonly<Record<number, ToolFailure>> = { 3: 'busy', 4: 'corrupt', 5: 'no-space', 6: 'not-found' };

/** A SQLite database in a volume, handled by the tool that runs beside the app's own connections. */
export class SqliteDatabase {
  private readonly runTool: ToolRunner;
  private readonly place: { readonly database: string; readonly migrationTable: string | null };

  /** @param place path of the file as the tool sees it, and the migration table if it is configured. */
  constructor(runTool: ToolRunner, place: { readonly database: string; readonly migrationTable: string | null }) {
    this.runTool = runTool;
    this.place = place;
  }

  /** `null` when there is no database yet. @throws {ToolError} `corrupt` when it fails the quick check. */
  async fingerprint(id: string): Promise<{ fingerprint: Fingerprint; bytes: number } | null> {
    const answer = await this.call<{ absent: boolean; fingerprint: Fingerprint; bytes: number }>('fingerprint', id, {});
    return answer.absent ? null : { fingerprint: answer.fingerprint, bytes: answer.bytes };
  }

  /** A verified copy beside the database; the same one again when it was made before. `null`: no database yet. */
  async backup(request: BackupRequest): Promise<BackupManifest | null> {
    const answer = await this.call<{ manifest?: BackupManifest }>('backup', request.timestamp, { ...request });
    return answer.manifest ?? null;
  }

  /** Puts a backup back in place and keeps what was there aside. Waits at most `waitSeconds` for the write lock. */
  restore(file: string, timestamp: string, waitSeconds: number): Promise<RestoreReport> {
    return this.call<RestoreReport>('restore', timestamp, { file, timestamp, waitSeconds });
  }

  /** Removes all but the newest `keep` backups and those in `protect`; returns the names of those removed. */
  async prune(id: string, keep: number, protect: readonly string[]): Promise<readonly string[]> {
    return (await this.call<{ removed: string[] }>('prune', id, { keep, protect })).removed;
  }

  private async call<Answer>(command: string, id: string, args: object): Promise<Answer> {
    const source = await readFile(new URL('./sqlite_tool.py', import.meta.url), 'utf8');
    const input = JSON.stringify({ ...this.place, ...args });
    const result = await this.runTool({ id: `${command}-${id}`, argv: ['python3', '-c', source, command, input] });
    const answer = lastLine(result.stdout);
    if (result.exitCode === 0 && answer) return JSON.parse(answer) as Answer;
    const reason = answer
      ? (JSON.parse(answer) as { error: string }).error
      : result.stderr.trim().split('\n').slice(-3).join(' ');
    throw new ToolError(command, failures[result.exitCode] ?? 'bug', reason);
  }
}

function lastLine(text: string): string | undefined {
  return text.trim().split('\n').at(-1) || undefined;
}
