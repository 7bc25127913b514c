import { findContainer, type ContainerState } from '../docker/container.js';
import { imageId } from '../docker/image.js';
import type { Host } from '../hosts/host.js';
import type { SlotRelease } from '../model/adopt.js';
import { releasePattern } from '../model/names.js';
import type { Settings } from '../model/settings.js';
import type { Slot } from '../model/slot.js';
import { throwIfUnreached } from './live-slot.js';

/** What is known of the container of a slot that somebody else has started. */
export interface FoundSlot {
  readonly slot: Slot;
  readonly container: ContainerState;
  /** What brings the same image again: its reference, or its digest where that means another one by now. */
  readonly image: string;
  /** By the app's own answer, or else by the image's tag; `null`: neither tells. */
  readonly release: string | null;
}

/** A slot as it stands; `null`: it has no container. */
export async function findSlot(host: Host, settings: Settings, slot: Slot): Promise<FoundSlot | null> {
  const container = await findContainer(host.docker, settings.project, settings.slots[slot]);
  if (!container) return null;
  const { Image } = await host.docker.getContainer(container.id).inspect();
  const image = (await imageId(host.docker, container.image)) === Image ? container.image : Image;
  const release = (await reported(host, settings, container)) ?? releaseOfImage(settings, container.image);
  return { slot, container, image, release };
}

/** As it is recorded; `null` where its release is not known. */
export function asSlotRelease({ slot, image, release }: FoundSlot): SlotRelease | null {
  return release === null ? null : { slot, image, release };
}

/** What stands for `{release}` in an image's reference. */
export function releaseOfImage({ image }: Pick<Settings, 'image'>, reference: string): string | null {
  const [before = '', after = ''] = image.split('{release}');
  const fits = image.includes('{release}') && reference.startsWith(before) && reference.endsWith(after);
  const release = fits ? reference.slice(before.length, reference.length - after.length) : '';
  return releasePattern.test(release) ? release : null;
}

/** The app's own word counts most: a switch is proven by it. */
async function reported(host: Host, { health, router }: Settings, container: ContainerState): Promise<string | null> {
  if (!health.releaseHeader || !container.running || !container.address) return null;
  try {
    const request = { host: container.address, port: router.upstreamPort, path: health.path, timeoutMs: 5000 };
    const { headers } = await host.request(request);
    const release = headers[health.releaseHeader.toLowerCase()] ?? '';
    return releasePattern.test(release) ? release : null;
  } catch (error) {
    throwIfUnreached(error);
    return null;
  }
}
