import {
  decideRestore,
  leftAsItIs,
  type BackupManifest,
  type Fingerprint,
  type RestoreResult,
} from '../model/database.js';
import type { RestoreRule } from '../model/settings.js';
import type {
  BackupRequest,
  Database,
  DatabaseFacts,
  Kept,
  RestoreReport,
  RestoreRequest,
  Salvage,
} from './database.js';
import { postgresTool } from './postgres-tool.js';
import { failureOfExit, ToolError } from './tool-error.js';

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
    return (await this.kept()).manifests;
  }

  async kept(): Promise<Kept> {
    const found = lines(await this.call('kept')).map((line) => JSON.parse(line) as BackupManifest | Salvage);
    const manifests = found.filter((each) => 'sha256' in each);
    const salvages = found.filter((each) => 'note' in each);
    return {
      manifests: manifests.sort((one, other) => one.startedAt.localeCompare(other.startedAt)),
      salvages: salvages.sort((one, other) => one.file.localeCompare(other.file)),
    };
  }

  /** Byte for byte, and its table of contents; `integrity` unpacks all of it too. */
  async verify(file: string, _timestamp: string, integrity = false): Promise<BackupManifest> {
    return JSON.parse(await this.call('verify', file, integrity ? 'unpack' : 'list')) as BackupManifest;
  }

  /** Never puts it back by itself: pg_restore replaces everything that was written since, so a person decides. */
  async restoreIfNeeded(_rule: RestoreRule, { backup }: RestoreRequest): Promise<RestoreResult> {
    const left = leftAsItIs(backup);
    try {
      const now = JSON.parse(await this.call('shape')) as Fingerprint;
      const { reason } = decideRestore('if-migrated', backup.fingerprint, now);
      return { restored: false, reason: `${reason}; ${left}` };
    } catch (error) {
      // It only informs: nobody is to be called for it in the middle of an undo.
      if (!(error instanceof ToolError)) throw error;
      const reason = `what the failed release changed could not be told (${error.message})`;
      return { restored: false, reason: `${reason}; ${left}` };
    }
  }

  /** Restores into a database of its own and swaps the names: a cut restore leaves the old one whole. */
  async restore(file: string, timestamp: string, waitSeconds: number): Promise<RestoreReport> {
    return JSON.parse(await this.call('restore', file, timestamp, String(Math.ceil(waitSeconds)))) as RestoreReport;
  }

  async prune(
    _timestamp: string,
    keep: number,
    protect: readonly string[],
    rollbackTo: string | null = null,
  ): Promise<readonly string[]> {
    // As the manifest has it, so that no release can be taken for another.
    const taken = rollbackTo === null ? '' : `"releaseFrom":${JSON.stringify(rollbackTo)},`;
    return lines(await this.call('prune', String(keep), taken, ...protect));
  }

  private async call(command: string, ...args: readonly string[]): Promise<string> {
    const { name, user, backups } = this.place;
    const argv = ['sh', '-c', postgresTool, 'postgres', command, backups, name, user, ...args] as const;
    const { exitCode, stdout, stderr } = await this.run(argv);
    if (exitCode === 0) return stdout;
    const reason = lines(stderr).slice(-3).join(' ') || `the tool ended with exit code ${exitCode}`;
    throw new ToolError(command, failureOfExit(exitCode), reason);
  }
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
