import type { Scratch } from '../docker/scratch.js';
import { runTool } from '../docker/tool-container.js';
import type { Host } from '../hosts/host.js';
import { mountsOf, type LitestreamService, type Mount } from './litestream-service.js';

/** Thrown when Litestream could not restore its replica, or what it restored is damaged. */
export class ReplicaCopyError extends Error {
  override readonly name = 'ReplicaCopyError';
}

export interface ReplicaCopy {
  /** Names the container; the same in every attempt. */
  readonly id: string;
  /** Path of the file below the scratch volume, which is mounted at `scratchTarget`. */
  readonly file: string;
}

/** Where the scratch volume is mounted. */
export const scratchTarget = '/pointsman-scratch';

/**
 * Restores the newest state of the replica into a scratch volume and has Litestream check it, in a container of its own
 * with the image, configuration, variables and networks of the service. All that the service has mounted is there to read
 * only: the live database cannot be touched.
 *
 * @throws {ReplicaCopyError} with Litestream's words, which may hold secrets.
 */
export async function restoreReplica(
  host: Host,
  { container, options, database }: LitestreamService,
  scratch: Scratch,
  { id, file, signal }: ReplicaCopy & { readonly signal: AbortSignal },
): Promise<void> {
  const { Image, Config, HostConfig, NetworkSettings } = await host.docker.getContainer(container).inspect();
  const mounts = await mountsOf(host.docker, container);
  // `host`, or the network of another container, is a mode and no network.
  const mode = HostConfig.NetworkMode ?? '';
  const networks = /^(host|none|container:.*)$/.test(mode) ? [mode] : Object.keys(NetworkSettings.Networks);
  const argv = ['litestream', 'restore', ...options, '-o', file, '-integrity-check', 'full', database] as const;
  const tool = {
    name: `${scratch.name}-${id}`,
    image: Image,
    argv,
    labels: scratch.labels,
    environment: Config.Env,
    networks,
    volumes: [...volumesOf(mounts), { ...scratch, target: scratchTarget }],
    binds: mounts
      .filter(({ Type }) => Type === 'bind')
      .map(({ Source, Destination }) => ({ source: Source, target: Destination })),
  };
  const { exitCode, stderr, stdout } = await runTool(host.docker, tool, { signal });
  if (exitCode !== 0) throw new ReplicaCopyError(lastWords(`${stdout}\n${stderr}`) || `exit code ${exitCode}`);
}

function volumesOf(mounts: readonly Mount[]) {
  return mounts.flatMap(({ Type, Name, Destination }) =>
    Type === 'volume' && Name ? [{ name: Name, target: Destination, readOnly: true }] : [],
  );
}

function lastWords(output: string): string {
  return (
    output
      .trim()
      .split('\n')
      .at(-1)
      ?.replace(/^Error: /, '') ?? ''
  );
}
