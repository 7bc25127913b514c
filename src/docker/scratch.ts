import type Docker from 'dockerode';
import type { Settings } from '../model/settings.js';
import { isNotFound } from './container.js';

/** What a scratch volume is for: each purpose has at most one at a time in an environment. */
export type ScratchPurpose = 'rehearsal' | 'drill' | 'replica';

type Place = Pick<Settings, 'project' | 'environment'>;

/** Labels of everything that belongs to a scratch volume, so that what a killed step left is found. */
export function scratchLabels({ project, environment }: Place, purpose: ScratchPurpose): Record<string, string> {
  return {
    'io.pointsman.project': project,
    'io.pointsman.environment': environment,
    'io.pointsman.scratch': purpose,
  };
}

/** A volume for what is thrown away. @returns its name. */
export async function createScratch(docker: Docker, place: Place, purpose: ScratchPurpose): Promise<string> {
  const name = `pointsman-${place.project}-${place.environment}-${purpose}`;
  await docker.createVolume({ Name: name, Labels: scratchLabels(place, purpose) });
  return name;
}

/** Removes the scratch volume and every container of it, running or not; also those of a step that was killed. */
export async function removeScratch(docker: Docker, place: Place, purpose: ScratchPurpose): Promise<void> {
  const label = Object.entries(scratchLabels(place, purpose)).map(([key, value]) => `${key}=${value}`);
  const filters = JSON.stringify({ label });
  for (const { Id } of await docker.listContainers({ all: true, filters })) {
    await docker.getContainer(Id).remove({ force: true, v: true }).catch(ignoreGone);
  }
  const { Volumes } = await docker.listVolumes({ filters });
  for (const { Name } of Volumes) await docker.getVolume(Name).remove({ force: true }).catch(ignoreGone);
}

function ignoreGone(error: unknown): void {
  if (!isNotFound(error)) throw error;
}
