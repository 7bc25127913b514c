import { decideRestore, type BackupManifest, type RestoreResult } from '../model/database.js';
import type { RestoreRule } from '../model/settings.js';
import type { Database } from './database.js';
import { postgresTool } from './postgres-tool.js';
import type { BackupRequest, DatabaseFacts, RestoreReport, RestoreRequest } from './sqlite.js';
import { ToolError, type ToolFailure } from './tool-error.js';

/** Runs a command in the server's container: its exit code and words come out. */
export type ServerRunner = (
  argv: readonly [string, ...string[]],
) => Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }>;

export interface PostgresPlace {
  readonly name: string;
  readonly user: string;
  /** Directory of the backups inside the server's container. */
  readonly backups: string;
}

const failures: Readonly<Record<number, ToolFailure>> = {
  3: 'busy',
  4: 'corrupt',
  5: 'no-space',
  6: 'not-found',
  7: 'refused',
};

/** A PostgreSQL database, handled by the tools in its server's own container, over the local socket. */
export class PostgresDatabase implements Database {
  private readonly run: ServerRunner;
  private readonly place: PostgresPlace;

  constructor(run: ServerRunner, place: PostgresPlace) {
    this.run = run;
    this.place = place;
  }

  async fingerprint(): Promise<DatabaseFacts | null> {
    const facts = JSON.parse(await this.call('facts')) as DatabaseFacts | { absent: true };
    return 'absent' in facts ? null : facts;
  }

  async backup({ timestamp, kind, ...about }: BackupRequest): Promise<BackupManifest | null> {
    const file = `${this.place.name}.${kind ?? 'pre-deploy'}-${timestamp}.dump`;
    const { deployId, releaseFrom, releaseTo } = about;
    const fields = JSON.stringify({ deployId, releaseFrom, releaseTo }).slice(1, -1);
    const manifest = JSON.parse(await this.call('backup', file, fields)) as BackupManifest | { absent: true };
    if ('absent' in manifest) return null;
    if (manifest.deployId === deployId) return manifest;
    throw new ToolError('backup', 'refused', `${file} is of another deploy: ${manifest.deployId}`);
  }

  async list(): Promise<readonly BackupManifest[]> {
    const manifests = lines(await this.call('list')).map((line) => JSON.parse(line) as BackupManifest);
    return manifests.sort((one, other) => one.startedAt.localeCompare(other.startedAt));
  }

  async verify(file: string): Promise<BackupManifest> {
    return JSON.parse(await this.call('verify', file)) as BackupManifest;
  }

  /** Never puts it back by itself: pg_restore replaces everything that was written since, so a person decides. */
  async restoreIfNeeded(_rule: RestoreRule, { backup }: RestoreRequest): Promise<RestoreResult> {
    const now = await this.fingerprint();
    if (!now) throw new ToolError('restore', 'not-found', `there is no database ${this.place.name}`);
    const { restore, reason } = decideRestore('if-migrated', backup.fingerprint, now.fingerprint);
    if (!restore) return { restored: false, reason };
    const back = `${backup.file} is from before; to go back: pointsman restore ${backup.file}`;
    return { restored: false, reason: `${reason}; the database was left as it is: ${back}` };
  }

  /** Restores into a database of its own and swaps the names: a cut restore leaves the old one whole. */
  async restore(file: string, timestamp: string, waitSeconds: number): Promise<RestoreReport> {
    return JSON.parse(await this.call('restore', file, timestamp, String(Math.ceil(waitSeconds)))) as RestoreReport;
  }

  async prune(_timestamp: string, keep: number, protect: readonly string[]): Promise<readonly string[]> {
    return lines(await this.call('prune', String(keep), ...protect));
  }

  private async call(command: string, ...args: readonly string[]): Promise<string> {
    const { name, user, backups } = this.place;
    const argv = ['sh', '-c', postgresTool, 'postgres', command, backups, name, user, ...args] as const;
    const { exitCode, stdout, stderr } = await this.run(argv);
    if (exitCode === 0) return stdout;
    const reason = lines(stderr).slice(-3).join(' ') || `the tool ended with exit code ${exitCode}`;
    throw new ToolError(command, failures[exitCode] ?? 'bug', reason);
  }
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
