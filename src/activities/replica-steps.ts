import { sqliteOf } from '../database/database-of.js';
import { askReplica, type ReplicaAnswer } from '../database/litestream.js';
import { findLitestream, type LitestreamService } from '../database/litestream-service.js';
import { ReplicaCopyError, restoreReplica, scratchTarget } from '../database/replica-copy.js';
import type { ReplicaComparison, SqliteDatabase } from '../database/sqlite.js';
import { redactorFor } from '../docker/redactor.js';
import { withScratch, type Scratch } from '../docker/scratch.js';
import type { Host } from '../hosts/host.js';
import type { Activities, ReplicaProven, StepArgs } from '../model/activities.js';
import type { Settings } from '../model/settings.js';
import type { Dependencies } from './dependencies.js';
import { failureOf } from './failures.js';
import type { Running } from './running.js';
import { stepsOn } from './step.js';

export interface ReplicaStepOptions {
  /** How long the replica may take to catch up: a restore is a transaction as large as the database. Default: 60 s. */
  readonly syncTimeoutMs?: number;
}

/** What is done with the replica. */
export function replicaSteps(
  dependencies: Dependencies,
  { syncTimeoutMs = 60_000 }: ReplicaStepOptions = {},
): Pick<Activities, 'proveReplica'> {
  const prove = (host: Host, { settings }: StepArgs, context: Running) =>
    proveReplica({ host, settings, context, syncTimeoutMs });
  return { proveReplica: stepsOn(dependencies)(prove, 'ReplicaNotProven') };
}

/** A copy, what was restored, and a copy once more. */
const filesOfOneRound = 3;

/** Restores the replica into a scratch volume and compares it with the database (docs/replica-proof.md has the rule). */
async function proveReplica(at: At): Promise<ReplicaProven | null> {
  const { host, settings, context } = at;
  const litestream = await findLitestream(host, settings, context.signal);
  if (litestream === 'stopped') throw notProven(settings, 'Litestream does not run', 'start');
  if (!litestream?.version || litestream.socket === null) return null;
  return withScratch(host.docker, settings, 'replica-proof', async (scratch) => {
    const database = await sqliteOf(host, settings, {
      ...context,
      scratch: { ...scratch, target: scratchTarget },
    });
    return database ? new Proof({ ...at, litestream, scratch, database }).run() : null;
  });
}

interface At {
  readonly host: Host;
  readonly settings: Settings;
  readonly context: Running;
  readonly syncTimeoutMs: number;
}

interface ProofParts extends At {
  readonly litestream: LitestreamService;
  readonly scratch: Scratch;
  readonly database: SqliteDatabase;
}

class Proof {
  private readonly parts: ProofParts;
  private readonly live: string[] = [];
  private readonly restored: string[] = [];

  constructor(parts: ProofParts) {
    this.parts = parts;
  }

  async run(): Promise<ReplicaProven | null> {
    await this.copyDatabase();
    const replica = await this.catchUp();
    if (replica === null) return null;
    let found = await this.restoreAndCompare();
    // A row that writers changed twice meanwhile looks like a wrong one; what is wrong still is wrong in the next round.
    if (found.tables.length > 0) {
      if ((await this.catchUp()) === null) return null;
      found = await this.restoreAndCompare();
    }
    const { parts, tables, bytes } = found;
    if (parts.length + tables.length > 0) throw notProven(this.parts.settings, differences(found), 'restart');
    return { replica, bytes };
  }

  /** `null` when Litestream cannot be asked. */
  private async catchUp(): Promise<ReplicaProven['replica'] | null> {
    const { host, settings, context, syncTimeoutMs } = this.parts;
    const answer = await askReplica(host, settings, { timeoutMs: syncTimeoutMs, signal: context.signal });
    if (answer === null || answer.state === 'unknown') return null;
    const { inStep, afterMs, problem } = answer;
    if (!inStep) throw notCaughtUp(this.parts, answer);
    return { inStep, afterMs, problem };
  }

  private async restoreAndCompare(): Promise<ReplicaComparison> {
    await this.restore();
    await this.copyDatabase();
    const { database } = this.parts;
    return database.compareReplica({ live: this.live, restored: this.restored }, this.callId(this.live.length));
  }

  private async copyDatabase(): Promise<void> {
    const number = this.live.push(`${scratchTarget}/live-${this.live.length}.db`);
    const file = this.live[number - 1] ?? '';
    await this.parts.database.copyTo(file, this.callId(number), number === 1 ? filesOfOneRound : 1);
  }

  private async restore(): Promise<void> {
    const { host, litestream, scratch, settings, context } = this.parts;
    const number = this.restored.push(`${scratchTarget}/restored-${this.restored.length}.db`);
    const copy = { id: `restore-${number}`, file: this.restored[number - 1] ?? '', signal: context.signal };
    try {
      await restoreReplica(host, litestream, scratch, copy);
    } catch (error) {
      if (!(error instanceof ReplicaCopyError)) throw error;
      const redact = await redactorFor(host, settings);
      throw notProven(settings, `it cannot be restored: ${redact(error.message)}`, 'restart');
    }
  }

  private callId(number: number): string {
    return `${this.parts.context.runId}-${number}`;
  }
}

function differences({ parts, tables }: ReplicaComparison): string {
  if (parts.length > 0) return `it has another ${parts.map((part) => partNames[part]).join(' and another ')}`;
  const told = tables.map(({ table, missing, extra }) => {
    const rows = [missing > 0 ? `${missing} missing` : '', extra > 0 ? `${extra} too many` : ''].filter(Boolean);
    return `${table} (rows: ${rows.join(', ')})`;
  });
  return `it is not what the database holds: ${told.join(', ')}`;
}

const partNames: Readonly<Record<ReplicaComparison['parts'][number], string>> = {
  schema: 'schema',
  userVersion: 'user_version',
  migrations: 'migration state',
};

function notCaughtUp({ settings, syncTimeoutMs }: At, { state, problem }: ReplicaAnswer): Error {
  if (state === 'stopped') return notProven(settings, 'Litestream does not run', 'start');
  const message = `the replica did not catch up in ${syncTimeoutMs / 1000} s: ${problem}. "pointsman status" tells whether it does; if not, restart its service (${composeCommand(settings, 'restart')}).`;
  return failureOf('ReplicaNotProven', message);
}

const cures = {
  start: 'Start its service',
  restart: 'Restart its service: it then sends the whole database anew',
};

function notProven(settings: Settings, problem: string, cure: keyof typeof cures): Error {
  const then = `${cures[cure]} (${composeCommand(settings, cure)}).`;
  return failureOf('ReplicaNotProven', `the replica is not proven: ${problem}. ${then}`);
}

function composeCommand({ project, replica }: Settings, verb: keyof typeof cures): string {
  return `docker compose -p ${project} ${verb} ${replica?.service ?? 'litestream'}`;
}
