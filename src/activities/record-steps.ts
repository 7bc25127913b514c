import { databaseOf } from '../database/database-of.js';
import { mountSources } from '../docker/container.js';
import { removeImages } from '../docker/image.js';
import { logOut } from '../docker/registry-login.js';
import { appendRecord, readRecords } from '../docker/release-record.js';
import { removeScratch, scratchPurposes } from '../docker/scratch.js';
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
import { findRelease, releaseBefore, type ReleaseInOrder } from '../model/release-record.js';
import { markCurrent, pruneReleases } from '../shipping/place.js';
import { askLiveOnceUp } from '../router/live-slot.js';
import { Nginx } from '../router/nginx.js';
import type { Host } from '../hosts/host.js';
import { tidyJobs } from '../hosts/job.js';
import type { Dependencies } from './dependencies.js';
import { inTurn } from './each-router.js';
import { failureOf } from './failures.js';
import { redactorFor } from '../docker/redactor.js';
import { redactLines } from '../secrets/redact.js';
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
  const live = await askLiveOnceUp(host, settings, 10_000);
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
  const removedBackups = await removeBackups(host, args, context);
  await inTurn(args, async (own) => (await Nginx.find(host, own.settings))?.removePrevious(timestamp));
  const removedImages = await removeImages(host.docker, await oldImages(host, args));
  // Left by a step that was killed, where none of its kind was made since.
  for (const purpose of scratchPurposes) await removeScratch(host.docker, settings, purpose);
  await host.run(tidyJobs(host.stateDirectory));
  if (isInState(host, settings)) await pruneReleases(host, settings, await releasesInUse(host, settings));
  return { removedBackups, removedImages };
}

/** Keeps the last ones, this deploy's, and the newest one that was taken of the release a rollback would go back to. */
async function removeBackups(
  host: Host,
  { settings, timestamp, live }: CleanUpArgs,
  context: Running,
): Promise<readonly string[]> {
  const { database } = settings;
  const backups = await databaseOf(host, settings, context);
  if (!database || !backups) return [];
  const records = await readRecords(host, settings);
  const target = live.release === null ? null : releaseBefore([...records, liveNow(live.release)], live.release);
  const own = backupName(database, timestamp);
  return backups.prune(timestamp, database.keepBackups, [own], target?.release);
}

/** This deploy as it will be recorded, as far as the order of the releases goes. */
function liveNow(release: string): ReleaseInOrder {
  return { kind: 'deploy', outcome: 'succeeded', release, image: null };
}

function isInState(host: Host, settings: Settings): boolean {
  return settings.directory.startsWith(`${environmentDirectory(host, settings)}/`);
}

/** Files of this release and the last ones, and those that a container has mounted: it needs them to start again. */
async function releasesInUse(host: Host, settings: Settings): Promise<string[]> {
  const recorded = (await readRecords(host, settings)).filter(({ outcome }) => outcome === 'succeeded');
  // A restore by a person is recorded too, and is no release.
  const last = recorded.flatMap(({ directory }) => directory ?? []).slice(-keepReleases);
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
  return sections.map(({ title, lines }) => ({
    title,
    lines: redactLines(redact, lines).map((line) => line.slice(0, 500)),
  }));
}
