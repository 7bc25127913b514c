import type Docker from 'dockerode';
import type { Host, RunOptions } from '../hosts/host.js';
import type { Settings } from '../model/settings.js';
import { isConflict, isNotFound, readFileIn } from './container.js';
import { ownScratchLabels } from './scratch.js';
import { dockerCommand } from './registry-login.js';

/** Content digest of a local image; `null` when the host does not have it. */
export async function imageId(docker: Docker, reference: string): Promise<string | null> {
  try {
    return (await docker.getImage(reference).inspect()).Id;
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
}

/** `NAME=value` that a local image gives to every container; none when the host does not have it. */
export async function imageEnvironment(docker: Docker, reference: string): Promise<readonly string[]> {
  try {
    return (await docker.getImage(reference).inspect()).Config.Env ?? [];
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}

/** Pulls through the Docker CLI, which knows the user's credential helpers, and those that the release brought. */
export async function pullImage(
  host: Host,
  project: Pick<Settings, 'directory'>,
  reference: string,
  options?: RunOptions,
): Promise<void> {
  const argv = await dockerCommand(host, project, ['pull', '--quiet', reference]);
  await host.run({ argv, job: `pull ${reference}` }, options);
}

/**
 * A file as an image has it; `null` where it has none, or the host does not have the image. A container is made for it, never
 * started, and removed again.
 */
export async function readFileOfImage(
  docker: Docker,
  { image, path }: { readonly image: string; readonly path: string },
  place: Pick<Settings, 'project' | 'environment'>,
): Promise<string | null> {
  if ((await imageId(docker, image)) === null) return null;
  const container = await docker.createContainer({ Image: image, Labels: ownScratchLabels(place, 'image-file') });
  try {
    return await readFileIn(docker, container.id, path);
  } finally {
    await container.remove({ force: true, v: true });
  }
}

/** Removes images by reference, except those that a container exists of; returns the references that are gone. */
export async function removeImages(docker: Docker, references: readonly string[]): Promise<string[]> {
  const containers = await docker.listContainers({ all: true });
  const used = new Set(containers.map(({ ImageID }) => ImageID));
  const removed: string[] = [];
  for (const reference of references) {
    const id = await imageId(docker, reference);
    if (id === null || used.has(id)) continue;
    try {
      await docker.getImage(reference).remove();
      removed.push(reference);
    } catch (error) {
      // Somebody has made something of it since, or removed it: either is as it should be.
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }
  return removed;
}
