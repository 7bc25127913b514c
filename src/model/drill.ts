import type { Fingerprint } from './database.js';

/** How new the restored data is. */
export interface DataAge {
  /**
   * When Litestream took the last transaction that the replica holds, ISO 8601, to the second, by the clock of the
   * replica's storage. What was committed later is not in it.
   */
  readonly until: string;
  /** Litestream had merged that transaction with others: it may be as much older as it waits for that (30 s by default). */
  readonly merged: boolean;
  /** Seconds from then until the restore began. */
  readonly seconds: number;
}

/** The newest replica, restored into a scratch volume. */
export interface RestoredReplica {
  /** `null` where Litestream does not tell. */
  readonly age: DataAge | null;
  /** Time that Litestream took: to fetch, to put together and, where it can, to check. */
  readonly tookMs: number;
}

/** The restored database beside the live one. */
export interface LiveComparison {
  readonly sameFingerprint: boolean;
  /** Rows that the live database has more than the restored one, by table; tables that have as many are left out. */
  readonly missingRows: Readonly<Record<string, number>>;
  /** When the live database was last written to, ISO 8601. */
  readonly changedAt: string;
}

/** What the restored database holds; it has passed SQLite's whole integrity check. */
export interface InspectedRestore {
  readonly bytes: number;
  readonly fingerprint: Fingerprint;
  /** Rows of each of the app's tables. */
  readonly rows: Readonly<Record<string, number>>;
  /** `null`: there is no live database to compare it with. */
  readonly live: LiveComparison | null;
  readonly tookMs: number;
}

/** The app is healthy on the restored database. */
export interface ProbedRestore {
  readonly release: string | null;
  readonly image: string;
  /** From its start until its health check passed. */
  readonly healthyAfterMs: number;
  /** What its health check printed, without secrets; often nothing. */
  readonly answer: string;
}

/** What a drill found. */
export interface DrillReport {
  readonly restored: RestoredReplica;
  readonly inspected: InspectedRestore;
  /** `null`: nothing is live, so there is no release to try it with. */
  readonly probed: ProbedRestore | null;
  /** From the beginning until the app was healthy: about as long as it would take after a disaster. */
  readonly totalMs: number;
}

/** One line of the host's append-only record of drills. */
export interface DrillRecord {
  /** Run id of the workflow: a record is appended once, however often the step runs. */
  readonly drillId: string;
  readonly outcome: 'passed' | 'failed' | 'cancelled';
  readonly requestedBy: string;
  readonly startedAt: string;
  readonly endedAt: string;
  /** One sentence: what came of it. */
  readonly message: string;
  /** `null` where it failed. */
  readonly report: DrillReport | null;
}

/** The age in words that say exactly what it means. */
export function ageText(age: DataAge | null): string {
  if (!age) return 'Litestream does not say how old the restored data is';
  const time = `${age.until.slice(0, 10)} ${age.until.slice(11, 19)} UTC`;
  const about = age.merged ? 'about ' : '';
  return `the restored data is ${about}${age.seconds} s old: what was committed after ${about}${time} is not in it`;
}

/** What the live database has that the restored one has not, in words. */
export function comparisonText(live: LiveComparison | null): string {
  if (!live) return 'there is no live database to compare it with';
  const tables = Object.entries(live.missingRows).map(([table, rows]) => `${table}: ${signed(rows)}`);
  const rows = tables.length === 0 ? 'as many rows in every table' : `other numbers of rows (${tables.join(', ')})`;
  return `the live database has ${live.sameFingerprint ? 'the same schema' : 'ANOTHER SCHEMA'} and ${rows}`;
}

/** One sentence about a drill that passed. */
export function passedText({ restored, inspected, probed }: DrillReport): string {
  const total = Object.values(inspected.rows).reduce((sum, rows) => sum + rows, 0);
  const app = probed ? `; ${probed.release ?? probed.image} is healthy on it` : '; nothing is live to try it with';
  return `${total} rows restored and sound${app}; ${ageText(restored.age)}`;
}

function signed(rows: number): string {
  return rows > 0 ? `+${rows}` : String(rows);
}
