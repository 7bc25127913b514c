import type { StepArgs } from './activities.js';
import type { Live, Slot } from './slot.js';

/** What a slot's container was made of: by this it is found again. */
export interface SlotRelease {
  readonly slot: Slot;
  readonly release: string;
  readonly image: string;
}

export interface FindAdoptableArgs extends StepArgs {
  /** Digest of the plan that a person has seen and agreed to. */
  readonly shown: string;
  /** The live release as a person has named it; `null`: it is told by its image or its own answer. */
  readonly release: string | null;
}

/**
 * A project that runs behind a router's config of its user's. Names and digests only: the config itself may hold a secret, and a
 * workflow's history is kept.
 */
export interface Adoptable {
  readonly live: SlotRelease;
  /** What the other slot's container was made of, running or not; `null`: it has none, or that is not told. */
  readonly other: SlotRelease | null;
  /** Container of the live slot, which nothing of an adopt touches. */
  readonly container: string;
  /** Directives of the user's config that go on in files of their own or in keys of `pointsman.yml`. */
  readonly kept: number;
  readonly snippets: readonly string[];
}

export interface AskPathsArgs extends StepArgs {
  readonly live: Live;
  /** `/static/`, or with a host name of its own: `http://shop.example.org/`, `https://shop.example.org:8443/`. */
  readonly paths: readonly string[];
}

/** What a path answers, without what differs from one request to the next. */
export interface PathAnswer {
  readonly path: string;
  /** `null`: there was no answer, or a different one each time. */
  readonly status: number | null;
  /** Digest of each header's value, by its name in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Digest of the body's first 64 KiB; `null`: another one each time. */
  readonly body: string | null;
  /** Whether the live slot itself gives the same body at that moment: where it changes, the app has changed it. */
  readonly fromSlot: boolean;
}

export interface AskedPaths {
  readonly answers: readonly PathAnswer[];
}

export interface WriteAdoptionArgs extends StepArgs {
  readonly live: SlotRelease;
  readonly shown: string;
  readonly timestamp: string;
}

export interface AdoptionWritten {
  readonly changed: boolean;
}

export interface ComparePathsArgs extends StepArgs {
  readonly live: Live;
  readonly before: readonly PathAnswer[];
}

export interface PathsCompared {
  readonly paths: number;
}

export interface UndoAdoptionArgs extends StepArgs {
  readonly timestamp: string;
}

export interface AdoptionUndone {
  readonly changed: boolean;
}

export interface NoteSlotsArgs extends StepArgs {
  readonly slots: readonly SlotRelease[];
  readonly timestamp: string;
}

/** The release that users have, as the record and the router tell it from now on. */
export function liveOf({ slot, release }: SlotRelease): Live {
  return { slot, release };
}

/** What differs between what a path answered before and after, in words; none where it is the same. */
export function differencesOf(before: PathAnswer, after: PathAnswer): string[] {
  const { path } = before;
  const found: string[] = [];
  // Users write meanwhile: what the slot itself answers otherwise by now is none of the router's doing.
  const changedByApp = before.fromSlot && after.fromSlot && before.body !== after.body;
  if (before.status !== after.status) {
    if (before.status !== null) found.push(`${path}: status ${before.status} before, ${after.status ?? 'none'} now`);
    return found;
  }
  for (const name of new Set([...Object.keys(before.headers), ...Object.keys(after.headers)])) {
    const [was, is] = [before.headers[name], after.headers[name]];
    if (was === is || was === varies || is === varies || (changedByApp && ofBody.includes(name))) continue;
    const what = is === undefined ? 'is gone' : was === undefined ? 'is new' : 'has another value';
    found.push(`${path}: the header ${name} ${what}`);
  }
  const known = before.body !== null && after.body !== null;
  if (known && before.body !== after.body && !changedByApp) found.push(`${path}: another body`);
  return found;
}

/** Headers that tell of the body. */
const ofBody = ['content-length', 'etag', 'last-modified'];

/** In the place of a digest: the header has another value each time. */
export const varies = '*';
