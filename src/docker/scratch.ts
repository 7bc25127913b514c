import type Docker from 'dockerode';
import type { Settings } from '../model/settings.js';
import { isNotFound } from './container.js';

/** What a scratch volume or container is for: each purpose has at most one volume at a time in an environment. */
export const scratchPurposes = ['rehearsal', 'planned-rehearsal', 'replica-proof', 'image-file'] as const;
export type ScratchPurpose = (typeof scratchPurposes)[number];

type Place = Pick<Settings, 'project' | 'environment'>;

/** Of everything that belongs to a scratch volume, so that what a killed step left is found. */
export function scratchLabels({ project, environment }: Place, purpose: ScratchPurpose): Record<string, string> {
  return {
    'io.pointsman.project': project,
    'io.pointsman.environment': environment,
    'io.pointsman.scratch': purpose,
  };
}

export interface Scratch {
  /** Of the volume. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Does `work` with a new volume that is gone after it, whatever comes of it; what a killed attempt left is removed first. */
export async function withScratch<Result>(
  docker: Docker,
  place: Place,
  purpose: ScratchPurpose,
  work: (scratch: Scratch) => Promise<Result>,
): Promise<Result> {
  await removeScratch(docker, place, purpose);
  const scratch = await createScratch(docker, place, purpose);
  try {
    return await work(scratch);
  } finally {
    await removeScratch(docker, place, purpose);
  }
}

/** A volume for what is thrown away. */
export async function createScratch(docker: Docker, place: Place, purpose: ScratchPurpose): Promise<Scratch> {
  const name = `pointsman-${place.project}-${place.environment}-${purpose}`;
  const labels = scratchLabels(place, purpose);
  await docker.createVolume({ Name: name, Labels: labels });
  return { name, labels };
}

/** Removes the scratch volume and every container that has it, running or not; also those of a step that was killed. */
export async function removeScratch(docker: Docker, place: Place, purpose: ScratchPurpose): Promise<void> {
  const label = Object.entries(scratchLabels(place, purpose)).map(([key, value]) => `${key}=${value}`);
  await removeContainers(docker, { label });
  const { Volumes } = await docker.listVolumes({ filters: JSON.stringify({ label }) });
  for (const { Name } of Volumes) {
    await removeContainers(docker, { volume: [Name] });
    await docker.getVolume(Name).remove({ force: true }).catch(ignoreGone);
  }
}

async function removeContainers(docker: Docker, filters: Readonly<Record<string, string[]>>): Promise<void> {
  for (const { Id } of await docker.listContainers({ all: true, filters: JSON.stringify(filters) })) {
    await docker.getContainer(Id).remove({ force: true, v: true }).catch(ignoreGone);
  }
}

function ignoreGone(error: unknown): void {
  if (!isNotFound(error)) throw error;
}
