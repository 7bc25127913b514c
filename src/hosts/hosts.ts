import type { Host } from './host.js';
import type { SshEnvironment } from './ssh/environment.js';
import { SshHost } from './ssh/ssh-host.js';

/** The machines that apps run on, by the names that settings call them. */
export interface Hosts {
  /**
   * @param name `ssh://user@host`; `null`: this machine.
   * @throws {SshError} when it cannot be reached, is not proven to be the one, or refuses us.
   */
  of(name: string | null): Promise<Host>;
}

export interface HostAccess {
  readonly local: Host;
  readonly ssh: SshEnvironment;
}

/** Keeps one connection to each host, made when it is needed first. */
export function keptHosts({ local, ssh }: HostAccess): Hosts {
  const open = new Map<string, Promise<SshHost>>();
  return {
    of: (name) => {
      if (name === null) return Promise.resolve(local);
      const known = open.get(name);
      if (known) return known;
      const opening = SshHost.open(name, ssh);
      open.set(name, opening);
      // The next attempt looks again: a key or the host may have been mended.
      opening.catch(() => open.delete(name));
      return opening;
    },
  };
}
