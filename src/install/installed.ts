import { basename } from 'node:path';
import type { Host } from '../hosts/host.js';
import { currentLink, previousLink } from './layout.js';

/** Which versions a server's links name; `null` where there is none. */
export interface InstalledVersions {
  readonly current: string | null;
  readonly previous: string | null;
}

export async function installedVersions(host: Host): Promise<InstalledVersions> {
  const version = async (link: string): Promise<string | null> => {
    const { exitCode, stdout } = await host.tryRun({ argv: ['readlink', '-e', link] });
    return exitCode === 0 ? basename(stdout.trim()) : null;
  };
  return { current: await version(currentLink), previous: await version(previousLink) };
}
