import { createHash } from 'node:crypto';
import { readRecords } from '../docker/release-record.js';
import type { Host } from '../hosts/host.js';
import type { SlotRelease } from '../model/adopt.js';
import { routersOf } from '../model/routers.js';
import type { Settings } from '../model/settings.js';
import { otherSlot, type Live } from '../model/slot.js';
import { findForeignConfig, type ForeignConfig } from '../router/foreign-config.js';
import { configFor } from '../router/live-config.js';
import { askLive } from '../router/live-slot.js';
import { Nginx } from '../router/nginx.js';
import { isOwnConfig } from '../router/nginx-config.js';
import { asSlotRelease, findSlot, type FoundSlot } from '../router/slot-release.js';
import type { Takeover } from '../router/takeover.js';
import { runPreflight } from './index.js';
import { whyNotProvable } from './live-release.js';

/** Where snippets go if `pointsman.yml` names no directory: nginx includes none of it by itself. */
export function snippetsDirectory({ router }: Pick<Settings, 'router'>): string {
  return router.snippets ?? `${router.configDirectory}/snippets`;
}

/** A project as adopt finds it. */
export type Found =
  /** Nobody has written a config there: the first deploy writes one. */
  | { readonly kind: 'nothing' }
  /** The config is pointsman's already. `keys`: what `pointsman.yml` has to have since an adopt. */
  | { readonly kind: 'adopted'; readonly live: Live | null; readonly keys: Readonly<Record<string, string>> }
  /** Each says what a person has to do first. */
  | { readonly kind: 'by-hand'; readonly reasons: readonly string[] }
  | { readonly kind: 'theirs'; readonly plan: AdoptPlan };

/** All that an adopt is going to do: computed, shown, and then carried out. */
export interface AdoptPlan {
  readonly live: SlotRelease;
  readonly other: SlotRelease | null;
  /** Id of the live slot's container. */
  readonly container: string;
  readonly takeover: Takeover;
  /** The config of the user's, and the one that takes its place. */
  readonly theirs: string;
  readonly config: string;
  /** Of all that is written and of what it replaces. */
  readonly digest: string;
  /** Whether the reload may reset kept connections: the user's config has nothing against it. */
  readonly resets: boolean;
  /** How each server of the user's config is asked, on the port that the settings have: {@link ForeignConfig.paths}. */
  readonly paths: readonly string[];
}

/** What must be right before anything is taken over; what else a deploy needs is its own affair. */
const needed = ['engine', 'compose', 'slots', 'router', 'router-health'];

/**
 * Looks at a project that runs, and changes nothing.
 *
 * @param named the live release as a person says; `null`: it has to tell itself.
 */
export async function lookForAdoption(host: Host, settings: Settings, named: string | null): Promise<Found> {
  const { findings } = await runPreflight(host, settings, { release: 'none', kind: 'rollback', only: needed });
  const wrong = findings.filter(({ severity }) => severity === 'error').map(({ message, fix }) => `${message} ${fix}`);
  if (wrong.length > 0) return { kind: 'by-hand', reasons: wrong };
  const nginx = await Nginx.find(host, settings);
  const theirs = (await nginx?.readConfig()) ?? '';
  if (!nginx || isOwnConfig(theirs)) return nginx ? adopted(host, settings) : { kind: 'nothing' };
  const foreign = await findForeignConfig(host, settings);
  if (!foreign) return { kind: 'nothing' };
  const reasons = [...reasonsAgainst(settings, foreign), ...(nginx.running ? [] : [notRunning(settings)])];
  if (!foreign.slot || !foreign.takeover || reasons.length > 0) return { kind: 'by-hand', reasons };
  const found = await findSlot(host, settings, foreign.slot);
  if (!found?.container.running) return { kind: 'by-hand', reasons: [slotDown(settings, foreign.slot)] };
  const release = named ?? found.release;
  if (release === null) return { kind: 'by-hand', reasons: [unknownRelease(settings, found)] };
  const unproven = await whyNotProvable(host, settings, { found, release });
  if (unproven !== null) return { kind: 'by-hand', reasons: [unproven] };
  const other = await findSlot(host, settings, otherSlot(found.slot));
  const live = { slot: found.slot, release, image: found.image };
  const config = await configFor(nginx, settings, live);
  const { takeover, resets, paths } = foreign;
  return {
    kind: 'theirs',
    plan: {
      ...{ live, other: other && asSlotRelease(other), container: found.container.id },
      ...{ takeover, theirs, config, resets, paths },
      digest: digestOf([
        theirs,
        config,
        live.image,
        ...takeover.moved,
        ...takeover.snippets.flatMap(({ path, text }) => [path, text]),
      ]),
    },
  };
}

async function adopted(host: Host, settings: Settings): Promise<Found> {
  const last = (await readRecords(host, settings)).findLast(({ outcome }) => outcome === 'succeeded');
  const keys = last?.kind === 'adopt' ? (last.keys ?? {}) : {};
  return { kind: 'adopted', live: await askLive(host, settings), keys };
}

function reasonsAgainst(settings: Settings, { slot, unreadable, ways, takeover }: ForeignConfig): string[] {
  const { router } = settings;
  const said: string[] = [];
  const routers = routersOf(settings).map((one) => one.router.service);
  if (routers.length > 1) {
    said.push(
      `There are several routers (${routers.join(', ')}), and adopt takes over one alone. ` +
        'Take each of them over by hand: docs/first-contact.md says how.',
    );
  }
  if (unreadable !== null) said.push(`The config of ${router.service} cannot be read: ${unreadable}. Mend it first.`);
  else if (slot === null) {
    const seen = ways.length > 0 ? ways.map(({ told }) => told).join('; ') : 'it sends requests to neither slot';
    said.push(
      `Which slot is live cannot be told from the config of ${router.service}: ${seen}. ` +
        `Let it send requests to one slot by name (proxy_pass http://${settings.slots.blue}:${router.upstreamPort}) and reload nginx.`,
    );
  }
  return [...said, ...(takeover?.byHand ?? [])];
}

function notRunning({ router }: Settings): string {
  return `The router ${router.service} does not run, so nothing can be compared. Start it first.`;
}

function slotDown({ slots }: Settings, slot: FoundSlot['slot']): string {
  return `The router sends requests to ${slots[slot]}, which does not run. Start it first.`;
}

function unknownRelease({ slots, image, health }: Settings, { slot, container }: FoundSlot): string {
  const header = health.releaseHeader ? `, and it does not report one (${health.releaseHeader})` : '';
  return (
    `Which release runs in ${slots[slot]} is not known: its image ${container.image} is not of the form ${image}${header}. ` +
    'Say it: --release <id>.'
  );
}

function digestOf(texts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(`${Buffer.byteLength(text)}:`).update(text);
  return hash.digest('hex');
}
