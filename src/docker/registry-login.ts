import { join } from 'node:path';
import type { Host } from '../hosts/host.js';
import type { Settings } from '../model/settings.js';

/** Directory of Docker's own configuration inside of a release that was shipped with a registry's credentials. */
export const loginDirectory = '.docker-login';

type Project = Pick<Settings, 'directory'>;

/** A `docker` command, logged in where the release brought credentials. */
export async function dockerCommand(
  host: Host,
  { directory }: Project,
  args: readonly string[],
): Promise<[string, ...string[]]> {
  const login = join(directory, loginDirectory);
  const there = (await host.readFile(join(login, 'config.json'))) !== null;
  return ['docker', ...(there ? ['--config', login] : []), ...args];
}

/** Once the image is there, nobody needs the credentials any more. */
export async function logOut(host: Host, { directory }: Project): Promise<void> {
  await host.run({ argv: ['rm', '-rf', join(directory, loginDirectory)] });
}
