import { join } from 'node:path';
import type { Host } from '../hosts/host.js';
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

/** Sets one slot and leaves the other as it is. */
export async function writeSlotImage(host: Host, place: Place, set: SlotImages): Promise<void> {
  const images = { ...(await readSlotImages(host, place)), ...set };
  await host.writeFile(slotsEnvPath(host, place), renderSlotsEnv(images));
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
  return ['# Written by pointsman: the image of each slot.', ...lines, ''].join('\n');
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
