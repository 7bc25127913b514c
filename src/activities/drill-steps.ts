import { ReplicaError, restoreNewest } from '../database/litestream-restore.js';
import type { ExaminedDatabase } from '../database/sqlite.js';
import { ToolError } from '../database/tool-error.js';
import { appendDrill } from '../docker/drill-record.js';
import { environmentOf } from '../docker/service-copy.js';
import { startTrial, TrialError, untilHealthy } from '../docker/trial-container.js';
import type { Host } from '../hosts/host.js';
import type {
  Activities,
  ProbeRestoredArgs,
  RecordDrillArgs,
  ScratchArgs,
  ScratchRemoved,
} from '../model/activities.js';
import type { Fingerprint } from '../model/database.js';
import type { DataAge, InspectedRestore, LiveComparison, ProbedRestore, RestoredReplica } from '../model/drill.js';
import { sqliteOf } from '../database/database-of.js';
import type { Dependencies } from './dependencies.js';
import { DrillScratch, removeScratch as removeAll } from './drill-scratch.js';
import { failureOf } from './failures.js';
import { redactorFor } from '../docker/redactor.js';
import { redactLines } from '../secrets/redact.js';
import type { Running } from './running.js';
import { stepsOn } from './step.js';

type DrillSteps = Pick<
  Activities,
  'restoreReplica' | 'inspectRestored' | 'probeRestored' | 'removeScratch' | 'recordDrill'
>;

/** What a drill does: all of it beside the app, and none of it to the app. */
export function drillSteps(dependencies: Dependencies): DrillSteps {
  const step = stepsOn(dependencies);
  return {
    restoreReplica: step(restoreReplica),
    inspectRestored: step(inspectRestored),
    probeRestored: step(probeRestored),
    removeScratch: step(removeScratch),
    recordDrill: step(recordDrill),
  };
}

async function restoreReplica(host: Host, args: ScratchArgs, context: Running): Promise<RestoredReplica> {
  const scratch = await DrillScratch.of(host, args);
  await scratch.ensureImage(args.settings.toolImage);
  requireSpace(await liveDatabase(host, args, context));
  const run = await scratch.litestreamRunner(context.signal);
  await scratch.prepare();
  const started = Date.now();
  try {
    const newest = await restoreNewest(run, await scratch.replicaPlace());
    return { age: newest && ageOf(newest, started), tookMs: Date.now() - started };
  } catch (error) {
    if (!(error instanceof ReplicaError)) throw error;
    throw failureOf(error.passing ? 'ReplicaUnreachable' : 'ReplicaNotRestored', error.message);
  }
}

function ageOf({ at, merged }: { at: string; merged: boolean }, started: number): DataAge {
  return { until: at, merged, seconds: Math.max(0, Math.round((started - Date.parse(at)) / 1000)) };
}

/** Volumes share a file system: the restored file, and what is fetched and written while it is put together. */
function requireSpace(live: ExaminedDatabase | null): void {
  const needed = 2 * (live?.bytes ?? 0);
  if (!live || live.freeBytes >= needed) return;
  const message = `a drill needs ${needed} bytes on the file system of Docker's volumes, ${live.freeBytes} are free`;
  throw failureOf('ReplicaNotRestored', message);
}

async function liveDatabase(host: Host, args: ScratchArgs, context: Running): Promise<ExaminedDatabase | null> {
  const database = await sqliteOf(host, args.settings, context);
  return (await database?.examine(args.timestamp, false)) ?? null;
}

async function inspectRestored(host: Host, args: ScratchArgs, context: Running): Promise<InspectedRestore> {
  const started = Date.now();
  const scratch = await DrillScratch.of(host, args);
  const restored = await examined(scratch, args, context);
  if (!restored) throw failureOf('RestoredDataUnfit', 'Litestream restored no file');
  const { bytes, fingerprint, rows } = restored;
  const live = await liveDatabase(host, args, context);
  return { bytes, fingerprint, rows, live: live && compare(live, restored), tookMs: Date.now() - started };
}

async function examined(scratch: DrillScratch, { timestamp }: ScratchArgs, { signal }: Running) {
  try {
    return await scratch.restored(signal).examine(timestamp, true);
  } catch (error) {
    if (!(error instanceof ToolError) || error.failure !== 'corrupt') throw error;
    throw failureOf('RestoredDataUnfit', `the restored database is damaged: ${error.message}`);
  }
}

function compare(live: ExaminedDatabase, restored: ExaminedDatabase): LiveComparison {
  const tables = [...new Set([...Object.keys(live.rows), ...Object.keys(restored.rows)])].sort();
  const differences = tables.map((name) => [name, (live.rows[name] ?? 0) - (restored.rows[name] ?? 0)] as const);
  return {
    sameFingerprint: same(live.fingerprint, restored.fingerprint),
    missingRows: Object.fromEntries(differences.filter(([, rows]) => rows !== 0)),
    changedAt: live.changedAt,
  };
}

function same(one: Fingerprint, other: Fingerprint): boolean {
  return one.schema === other.schema && one.userVersion === other.userVersion && one.migrations === other.migrations;
}

async function probeRestored(host: Host, args: ProbeRestoredArgs, { signal }: Running): Promise<ProbedRestore> {
  const { settings, live } = args;
  const scratch = await DrillScratch.of(host, args);
  const name = settings.slots[live.slot];
  const service = scratch.config.services[name];
  if (!service) throw failureOf('RestoredDataUnfit', `the Compose file has no service ${name}`);
  const image = await scratch.imageOf(name);
  const redact = await redactorFor(host, settings, environmentOf(service));
  const { config, volume, target, labels } = scratch;
  const started = Date.now();
  const trial = { name: scratch.nameOf('app'), image, config, service, volume: { name: volume, target }, labels };
  const id = await startTrial(host.docker, trial);
  try {
    const answer = await untilHealthy(host.docker, id, settings.health.timeoutMs, signal);
    const healthyAfterMs = Date.now() - started;
    return { release: live.release, image, healthyAfterMs, answer: redact(answer).slice(0, 200) };
  } catch (error) {
    if (!(error instanceof TrialError)) throw error;
    throw failureOf('RestoredDataUnfit', unfit(`${live.release ?? image} on the restored data`, error, redact));
  }
}

/** The reason in the first line; the log below it. */
function unfit(what: string, { message, lines }: TrialError, redact: (text: string) => string): string {
  const said = redactLines(redact, lines)
    .map((line) => line.trimEnd().slice(0, 500))
    .filter(Boolean);
  const last = said.at(-1);
  const log = said.length > 0 ? [`── app, last ${said.length} lines`, ...said.map((line) => `   ${line}`)] : [];
  return [`${what} ${redact(message).slice(0, 400)}${last ? `: ${last.trim()}` : ''}`, ...log].join('\n');
}

async function removeScratch(host: Host, { settings }: ScratchArgs): Promise<ScratchRemoved> {
  return { removed: await removeAll(host, settings) };
}

async function recordDrill(host: Host, { settings, record }: RecordDrillArgs): Promise<void> {
  await appendDrill(host, settings, record);
}
