import { mountSources } from '../docker/container.js';
import { removeImages } from '../docker/image.js';
import { logOut } from '../docker/registry-login.js';
import { appendRecord, readRecords } from '../docker/release-record.js';
import { readServiceLogs } from '../docker/service-logs.js';
import { environmentDirectory, readSlotImages } from '../docker/slots-env.js';
import type {
  Activities,
  CleanedUp,
  CleanUpArgs,
  FindRollbackTargetArgs,
  LogArgs,
  LogSection,
  RecordArgs,
  RollbackPlan,
} from '../model/activities.js';
import { backupName, imageOf } from '../model/names.js';
import type { Settings } from '../model/settings.js';
import { findRelease, releaseBefore } from '../model/release-record.js';
import { markCurrent, pruneReleases } from '../shipping/place.js';
import { askLive } from '../router/live-slot.js';
import { Nginx } from '../router/nginx.js';
import { databaseOf } from './database-of.js';
import type { Host } from '../hosts/host.js';
import { tidyJobs } from '../hosts/job.js';
import type { Dependencies } from './dependencies.js';
import { failureOf } from './failures.js';
import { redactorFor } from './redactor.js';
import type { Running } from './running.js';
import { stepsOn } from './step.js';

type RecordSteps = Pick<Activities, 'findRollbackTarget' | 'cleanUp' | 'recordRelease' | 'collectLogs'>;

/** Images of this many last releases stay on the host, so that a rollback needs no registry. */
const keepReleases = 5;

/** What is read from and written to the account of releases, and what is tidied by it. */
export function recordSteps(dependencies: Dependencies): RecordSteps {
  const step = stepsOn(dependencies);
  return {
    findRollbackTarget: step(findRollbackTarget),
    cleanUp: step(cleanUp),
    recordRelease: step(recordRelease),
    collectLogs: step(collectLogs),
  };
}

async function recordRelease(host: Host, { settings, record }: RecordArgs): Promise<void> {
  await appendRecord(host, settings, record);
  if (record.directory === undefined) return;
  await logOut(host, settings);
  if (record.outcome === 'succeeded') await markCurrent(host, settings, record.directory);
}

async function findRollbackTarget(host: Host, { settings, to }: FindRollbackTargetArgs): Promise<RollbackPlan> {
  const live = await askLive(host, settings);
  if (!live) throw failureOf('NothingToRollBackTo', 'nothing is live: the router serves no slot');
  const records = await readRecords(host, settings);
  const target = to ? findRelease(records, to) : releaseBefore(records, live.release);
  if (target) return { live, target };
  const known = [...new Set(records.filter(({ outcome }) => outcome === 'succeeded').map(({ release }) => release))];
  const wanted = to
    ? `release ${to} was never live here`
    : `there is no release before ${live.release ?? 'the live one'}`;
  throw failureOf('NothingToRollBackTo', `${wanted}; known releases: ${known.join(', ') || 'none'}`);
}

async function cleanUp(host: Host, args: CleanUpArgs, context: Running): Promise<CleanedUp> {
  const { settings, timestamp } = args;
  const { database } = settings;
  const backups = database ? await databaseOf(host, settings, context) : null;
  const protect = database ? [backupName(database, timestamp)] : [];
  const removedBackups = (await backups?.prune(timestamp, database?.keepBackups ?? 0, protect)) ?? [];
  await (await Nginx.find(host, settings))?.removePrevious(timestamp);
  const removedImages = await removeImages(host.docker, await oldImages(host, args));
  await host.run(tidyJobs(host.stateDirectory));
  if (isInState(host, settings)) await pruneReleases(host, settings, await releasesInUse(host, settings));
  return { removedBackups, removedImages };
}

function isInState(host: Host, settings: Settings): boolean {
  return settings.directory.startsWith(`${environmentDirectory(host, settings)}/`);
}

/** Files of this release and the last ones, and those that a container has mounted: it needs them to start again. */
async function releasesInUse(host: Host, settings: Settings): Promise<string[]> {
  const recorded = (await readRecords(host, settings)).filter(({ outcome }) => outcome === 'succeeded');
  const last = recorded.slice(-keepReleases).flatMap(({ directory }) => directory ?? []);
  const root = `${environmentDirectory(host, settings)}/`;
  const mounted = (await mountSources(host.docker, settings.project)).filter((path) => path.startsWith(root));
  const own = [settings.directory, ...mounted].map((path) => path.slice(root.length));
  return [...last, ...own].map((path) => path.split('/').slice(0, 2).join('/'));
}

/**
 * Images that this environment deployed once and is not likely to go back to. One that it never deployed is
 * somebody else's, or the next release, and is left alone.
 */
async function oldImages(host: Host, { settings, live }: CleanUpArgs): Promise<string[]> {
  const records = (await readRecords(host, settings)).filter(({ outcome }) => outcome === 'succeeded');
  const deployed = [...new Set(records.flatMap(({ image }) => image ?? []).reverse())];
  const inSlots = Object.values(await readSlotImages(host, settings)).map(({ image }) => image);
  const keep = [...deployed.slice(0, keepReleases), ...inSlots, imageOf(settings, live.release ?? 'none')];
  return deployed.filter((image) => !keep.includes(image));
}

async function collectLogs(host: Host, { settings, slot }: LogArgs): Promise<readonly LogSection[]> {
  const redact = await redactorFor(host, settings);
  const sections = await readServiceLogs(host, settings, slot);
  return sections.map(({ title, lines }) => ({ title, lines: lines.map((line) => redact(line).slice(0, 500)) }));
}
