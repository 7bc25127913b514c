import type Docker from 'dockerode';
import type { Settings } from '../model/settings.js';
import { isNotFound } from './container.js';

/** Label that says what a scratch volume is for. */
const purposeLabel = 'io.pointsman.scratch';

export interface Scratch {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Does `work` with a new volume that is gone after it, whatever comes of it.
 *
 * A worker that dies leaves its volume behind. One run of an environment is under way at a time, so whatever lies there
 * for the same purpose belongs to nobody: it is removed first, with the containers that have it mounted.
 */
export async function withScratch<Result>(
  docker: Docker,
  { project, environment }: Pick<Settings, 'project' | 'environment'>,
  purpose: string,
  work: (scratch: Scratch) => Promise<Result>,
): Promise<Result> {
  const labels = {
    'io.pointsman.project': project,
    'io.pointsman.environment': environment,
    [purposeLabel]: purpose,
  };
  const name = `pointsman-${project}-${environment}-${purpose}`;
  await removeAll(docker, labels);
  await docker.createVolume({ Name: name, Labels: labels });
  try {
    return await work({ name, labels });
  } finally {
    await removeAll(docker, labels);
  }
}

async function removeAll(docker: Docker, labels: Readonly<Record<string, string>>): Promise<void> {
  const label = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  const { Volumes } = await docker.listVolumes({ filters: JSON.stringify({ label }) });
  for (const { Name } of Volumes) {
    const users = await docker.listContainers({ all: true, filters: JSON.stringify({ volume: [Name] }) });
    for (const { Id } of users) await docker.getContainer(Id).remove({ force: true }).catch(ignoreGone);
    await docker.getVolume(Name).remove().catch(ignoreGone);
  }
}

function ignoreGone(error: unknown): void {
  if (!isNotFound(error)) throw error;
}
