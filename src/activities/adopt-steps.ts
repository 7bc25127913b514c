import { join } from 'node:path';
import { glassBrokenSince } from '../docker/release-record.js';
import { environmentDirectory, writeSlotImage } from '../docker/slots-env.js';
import type { Host } from '../hosts/host.js';
import type {
  Adoptable,
  AdoptionUndone,
  AdoptionWritten,
  AskedPaths,
  AskPathsArgs,
  ComparePathsArgs,
  FindAdoptableArgs,
  NoteSlotsArgs,
  PathsCompared,
  UndoAdoptionArgs,
  WriteAdoptionArgs,
} from '../model/adopt.js';
import type { Activities } from '../model/activities.js';
import type { Settings } from '../model/settings.js';
import { lookForAdoption, snippetsDirectory, type AdoptPlan } from '../preflight/adopt.js';
import {
  filesBefore,
  putBack,
  removeWritten,
  SnippetInTheWayError,
  writeSnippets,
  type FilesBefore,
} from '../router/adopt-files.js';
import { askPaths, comparePaths } from '../router/asked-paths.js';
import { proveTheirs, servesOurs } from '../router/proof-of-theirs.js';
import { Nginx } from '../router/nginx.js';
import { isOwnConfig } from '../router/nginx-config.js';
import type { Dependencies } from './dependencies.js';
import { failureOf } from './failures.js';
import { routerOf } from './live-config.js';
import type { Running } from './running.js';
import { stepsOn } from './step.js';
import { warmUpBeside } from './warm-up.js';
import { requireUnbroken } from './unbroken.js';

type AdoptSteps = Pick<
  Activities,
  'findAdoptable' | 'askPaths' | 'writeAdoption' | 'comparePaths' | 'undoAdoption' | 'noteSlots'
>;

/** How a project is taken over that runs behind a config of its user's. */
export function adoptSteps(dependencies: Dependencies): AdoptSteps {
  const step = stepsOn(dependencies);
  return {
    findAdoptable: step(findAdoptable),
    askPaths: step(askThePaths),
    writeAdoption: step(writeAdoption),
    comparePaths: step(compareThePaths),
    undoAdoption: step(undoAdoption),
    noteSlots: step(noteSlots),
  };
}

async function findAdoptable(host: Host, { settings, shown, release }: FindAdoptableArgs): Promise<Adoptable> {
  const { live, other, container, takeover } = await planShown(host, settings, { shown, release });
  return {
    ...{ live, other, container, kept: takeover.kept.length },
    snippets: takeover.snippets.map(({ path }) => `${snippetsDirectory(settings)}/${path}`),
  };
}

/** Nothing but what a person has looked at is carried out. */
async function planShown(
  host: Host,
  settings: Settings,
  { shown, release }: { readonly shown: string; readonly release: string | null },
): Promise<AdoptPlan> {
  const found = await lookForAdoption(host, settings, release);
  if (found.kind === 'by-hand') throw failureOf('PreflightFailed', found.reasons.join(' · '));
  if (found.kind === 'theirs' && found.plan.digest === shown) return found.plan;
  throw failureOf('PreflightFailed', 'what runs is not what was shown any more: look again (pointsman adopt)');
}

async function askThePaths(host: Host, { paths, ...asked }: AskPathsArgs, { signal }: Running): Promise<AskedPaths> {
  return { answers: await askPaths(host, asked, paths, signal) };
}

async function compareThePaths(
  host: Host,
  { before, ...asked }: ComparePathsArgs,
  { signal }: Running,
): Promise<PathsCompared> {
  const differences = await comparePaths(host, asked, before, signal);
  if (differences.length === 0) return { paths: before.length };
  throw failureOf('AnswersDiffer', `not the same answers as before: ${differences.slice(0, 8).join('; ')}`);
}

/** A second attempt finds the config in place, and all that goes with it was written before that. */
async function writeAdoption(host: Host, args: WriteAdoptionArgs, { signal }: Running): Promise<AdoptionWritten> {
  const { settings, live, shown, timestamp } = args;
  await requireUnbroken(host, args);
  const nginx = await routerOf(host, settings);
  if (isOwnConfig((await nginx.readConfig()) ?? '')) return { changed: false };
  const plan = await planShown(host, settings, { shown, release: live.release });
  const { snippets, moved } = plan.takeover;
  const placed = { directory: snippetsDirectory(settings), snippets, moved, timestamp };
  await noteOnce(host, args, () => filesBefore(nginx, placed));
  try {
    await writeSnippets(nginx, placed);
  } catch (error) {
    if (error instanceof SnippetInTheWayError) throw failureOf('RouterConfigInvalid', error.message);
    throw error;
  }
  const { resets, takeover } = plan;
  await warmUpBeside(host, settings, nginx, { live, port: takeover.freePort, resets, signal });
  await nginx.install(plan.config, timestamp, { aside: moved });
  return { changed: true };
}

/** As it was before the first attempt: a later one sees files of its own. */
async function noteOnce(host: Host, args: UndoAdoptionArgs, look: () => Promise<FilesBefore>): Promise<void> {
  const path = notePath(host, args);
  if ((await host.readFile(path)) === null) await host.writeFile(path, JSON.stringify(await look()));
}

function notePath(host: Host, { settings, timestamp }: UndoAdoptionArgs): string {
  return join(environmentDirectory(host, settings), `adopt-${timestamp}.json`);
}

/** The files that the new config has brought go first, so that neither of the two is ever read with what belongs to the other. */
async function undoAdoption(host: Host, args: UndoAdoptionArgs, { signal }: Running): Promise<AdoptionUndone> {
  const { settings, timestamp } = args;
  if (await glassBrokenSince(host, settings, timestamp)) return { changed: false };
  await (await Nginx.find(host, settings))?.closeFence();
  const note = await host.readFile(notePath(host, args));
  if (note === null) return { changed: false };
  const before = JSON.parse(note) as FilesBefore;
  const nginx = await routerOf(host, settings);
  const previous = before.absent.filter((file) => file.endsWith('.previous'));
  await removeWritten(nginx, { ...before, absent: before.absent.filter((file) => !previous.includes(file)) });
  const warmed = await nginx.removeWarmUp();
  const changed = (await putBack(nginx, timestamp, before)) || warmed || (await servesOurs(host, settings));
  if (changed) {
    await nginx.reload();
    await proveTheirs(host, settings, signal);
  }
  await removeWritten(nginx, { ...before, absent: previous, absentDirectories: [] });
  await removeNote(host, args);
  return { changed };
}

async function removeNote(host: Host, args: UndoAdoptionArgs): Promise<void> {
  await host.run({ argv: ['rm', '-f', notePath(host, args)] });
}

/** From now on Compose is told what each slot runs, as it does after a deploy. */
async function noteSlots(host: Host, args: NoteSlotsArgs): Promise<void> {
  const { settings, slots } = args;
  const images = slots.map(({ slot, image, release }) => [slot, { image, release }] as const);
  await writeSlotImage(host, settings, Object.fromEntries(images));
  await removeNote(host, args);
}
