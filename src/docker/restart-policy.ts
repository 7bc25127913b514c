import type Docker from 'dockerode';

/**
 * Lets a container that is about to be stopped on purpose stay so: one with `restart: always` would come back with the
 * engine. Should it be started after all, it is still started again after a crash of its own.
 */
export async function letStayStopped(docker: Docker, id: string): Promise<void> {
  await change(docker, id, { from: 'always', to: 'unless-stopped' });
}

/** Gives a container that is wanted again what {@link letStayStopped} has taken: the policy of its Compose file. */
export async function letComeBack(docker: Docker, id: string, restart: string | undefined): Promise<void> {
  if (restart === 'always') await change(docker, id, { from: 'unless-stopped', to: 'always' });
}

async function change(docker: Docker, id: string, { from, to }: { from: string; to: string }): Promise<void> {
  const container = docker.getContainer(id);
  const { HostConfig } = await container.inspect();
  if (HostConfig.RestartPolicy?.Name === from) await container.update({ RestartPolicy: { Name: to } });
}
