import { join } from 'node:path';
import { closeFence, inTurnAt, writeFenced } from '../hosts/fence.js';
import type { Host } from '../hosts/host.js';
import { keepOnHost } from '../hosts/own-file.js';
import { timestampOf } from '../model/names.js';
import type { Settings } from '../model/settings.js';
import { slots, type Slot } from '../model/slot.js';
import { parseEnvFile } from './env-syntax.js';

/** What a slot runs: each slot has variables of its own, so the old one keeps its image when the new one starts. */
export interface SlotImage {
  readonly image: string;
  readonly release: string;
}

export type SlotImages = Partial<Record<Slot, SlotImage>>;

type Place = Pick<Settings, 'project' | 'environment'>;

/** Directory of one environment's state on its host. */
export function environmentDirectory(host: Pick<Host, 'stateDirectory'>, { project, environment }: Place): string {
  return join(host.stateDirectory, project, environment);
}

export function slotsEnvPath(host: Pick<Host, 'stateDirectory'>, place: Place): string {
  return join(environmentDirectory(host, place), 'slots.env');
}

export async function readSlotImages(host: Host, place: Place): Promise<SlotImages> {
  return parseSlotsEnv((await host.readFile(slotsEnvPath(host, place))) ?? '');
}

/**
 * Sets one slot and leaves the other as it is.
 *
 * @throws {OvertakenError} where a later step has set one.
 */
export async function writeSlotImage(host: Host, place: Place, set: SlotImages): Promise<void> {
  const path = slotsEnvPath(host, place);
  const before = (await host.readFile(path)) ?? '';
  if (before !== '' && !isOwnSlotsEnv(before)) await keepOnHost(host, path, timestampOf(Date.now()));
  await writeFenced(host, path, renderSlotsEnv({ ...parseSlotsEnv(before), ...set }));
}

/** From now on no step that began before this one sets a slot any more. */
export function closeSlotImages(host: Host, place: Place): Promise<void> {
  return closeFence(host, slotsEnvPath(host, place));
}

/** @throws {OvertakenError} where a later step has set a slot, or has closed the fence before this one. */
export function requireLatest(host: Host, place: Place): Promise<void> {
  return inTurnAt(host, slotsEnvPath(host, place), { script: '', args: [] });
}

/** The variables of the Compose file that say what a slot runs. */
export function slotVariables(images: SlotImages): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const slot of slots) {
    const set = images[slot];
    if (!set) continue;
    variables[`${slot.toUpperCase()}_IMAGE`] = set.image;
    variables[`${slot.toUpperCase()}_RELEASE`] = set.release;
  }
  return variables;
}

/** Without quotes: neither an image nor a release can hold anything that means something in an env file. */
export function renderSlotsEnv(images: SlotImages): string {
  const lines = Object.entries(slotVariables(images)).map(([name, value]) => `${name}=${value}`);
  return [marker, ...lines, ''].join('\n');
}

const marker = '# Written by pointsman: the image of each slot.';

/** Whether pointsman wrote a file of that name; what somebody else did is kept before it is replaced. */
export function isOwnSlotsEnv(text: string): boolean {
  return text.startsWith(`${marker}\n`);
}

export function parseSlotsEnv(text: string): SlotImages {
  const values = new Map(parseEnvFile(text).variables.map(({ name, value }) => [name, value]));
  const images: SlotImages = {};
  for (const slot of slots) {
    const image = values.get(`${slot.toUpperCase()}_IMAGE`);
    const release = values.get(`${slot.toUpperCase()}_RELEASE`);
    if (image && release) images[slot] = { image, release };
  }
  return images;
}
