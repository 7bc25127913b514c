import type { Host } from './host.js';
import type { SshEnvironment } from './ssh/environment.js';
import type { SshHost } from './ssh/ssh-host.js';

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
      // Loaded where there is another machine: SSH takes its time to load.
      const opening = import('./ssh/ssh-host.js').then((loaded) => loaded.SshHost.open(name, ssh));
      open.set(name, opening);
      // The next attempt looks again: a key or the host may have been mended.
      opening.catch(() => open.delete(name));
      return opening;
    },
  };
}
