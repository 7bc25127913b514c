import type Docker from 'dockerode';
import type { Host, RunOptions } from '../hosts/host.js';
import { isNotFound } from './container.js';

/** Content digest of a local image; `null` when the host does not have it. */
export async function imageId(docker: Docker, reference: string): Promise<string | null> {
  try {
    return (await docker.getImage(reference).inspect()).Id;
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
}

/** Pulls through the Docker CLI, which knows the user's credential helpers. */
export async function pullImage(host: Host, reference: string, options?: RunOptions): Promise<void> {
  await host.run({ argv: ['docker', 'pull', '--quiet', reference] }, options);
}

/** `registry.example.org:5000/shop:v1` without its tag. */
export function repositoryOf(reference: string): string {
  const colon = reference.lastIndexOf(':');
  return colon > reference.lastIndexOf('/') ? reference.slice(0, colon) : reference;
}

/**
 * Removes images of one repository that nobody needs: those not named in `keep`, of which no container
 * exists. Returns what was removed.
 */
export async function removeOldImages(docker: Docker, repository: string, keep: readonly string[]): Promise<string[]> {
  const images = await docker.listImages({ filters: { reference: [repository] } });
  const containers = await docker.listContainers({ all: true });
  const used = new Set(containers.map(({ ImageID }) => ImageID));
  const keepIds = new Set(await Promise.all(keep.map((reference) => imageId(docker, reference))));
  const removed: string[] = [];
  for (const { Id, RepoTags } of images) {
    if (used.has(Id) || keepIds.has(Id)) continue;
    for (const tag of (RepoTags ?? []).filter((name) => repositoryOf(name) === repository)) {
      await docker.getImage(tag).remove();
      removed.push(tag);
    }
  }
  return removed;
}
