import type Docker from 'dockerode';
import { attemptNumber, isOvertakenBy } from '../hosts/fence.js';
import type { Settings } from '../model/settings.js';
import { isNotFound } from './container.js';

/** What a scratch volume or container is for: each purpose has at most one volume for each attempt in an environment. */
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

const attemptLabel = 'io.pointsman.attempt';

/** Of what this attempt makes: one that comes late must not remove it. */
export function ownScratchLabels(place: Place, purpose: ScratchPurpose): Record<string, string> {
  const number = attemptNumber();
  return { ...scratchLabels(place, purpose), ...(number === null ? {} : { [attemptLabel]: String(number) }) };
}

export interface Scratch {
  /** Of the volume. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Does `work` with a new volume that is gone after it, whatever comes of it; what a killed attempt left is removed first. Two attempts
 * that meet have a volume each.
 */
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
  const number = attemptNumber();
  const name = `pointsman-${place.project}-${place.environment}-${purpose}${number === null ? '' : `-${number}`}`;
  const labels = ownScratchLabels(place, purpose);
  await docker.createVolume({ Name: name, Labels: labels });
  return { name, labels };
}

/**
 * Removes the scratch volumes of this attempt and of those before it, with every container that has one, running or not; also
 * those of a step that was killed.
 */
export async function removeScratch(docker: Docker, place: Place, purpose: ScratchPurpose): Promise<void> {
  const label = Object.entries(scratchLabels(place, purpose)).map(([key, value]) => `${key}=${value}`);
  await removeContainers(docker, { label });
  const { Volumes } = await docker.listVolumes({ filters: JSON.stringify({ label }) });
  for (const { Name } of Volumes.filter(isNotOfLater)) {
    await removeContainers(docker, { volume: [Name] });
    await docker.getVolume(Name).remove({ force: true }).catch(ignoreGone);
  }
}

async function removeContainers(docker: Docker, filters: Readonly<Record<string, string[]>>): Promise<void> {
  const found = await docker.listContainers({ all: true, filters: JSON.stringify(filters) });
  for (const { Id } of found.filter(isNotOfLater)) {
    await docker.getContainer(Id).remove({ force: true, v: true }).catch(ignoreGone);
  }
}

function isNotOfLater({ Labels }: { readonly Labels?: Readonly<Record<string, string>> | null }): boolean {
  return !isOvertakenBy(Number(Labels?.[attemptLabel] ?? 0));
}

function ignoreGone(error: unknown): void {
  if (!isNotFound(error)) throw error;
}
