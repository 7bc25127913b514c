import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fileVariable } from './names.js';
import { SshServer } from './ssh-server.js';

/** The program as it was built from these sources. */
export const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/**
 * Where the app runs: on this machine; on a host that the worker reaches over SSH; or on a host that has Temporal and the
 * worker itself, and is reached through a tunnel, as from CI.
 */
export type PlaygroundKind = 'local' | 'ssh' | 'via';

export interface RemoteHost {
  readonly ssh: SshServer;
  readonly environment: Record<string, string>;
  readonly hostEnvironment: Record<string, string>;
  readonly worksThere: boolean;
}

/**
 * A host behind a real sshd. It has a state directory and an environment of its own; whoever works on it has neither
 * Docker nor the app's variables, so that nothing can be done on the wrong machine unseen.
 */
export async function remoteHost(
  directory: string,
  kind: 'ssh' | 'via',
  [routerPort, temporalPort, uiPort]: readonly [number, number, number],
): Promise<RemoteHost> {
  const bin = join(directory, '.host-bin');
  await mkdir(bin);
  await writeFile(join(bin, 'pointsman'), `#!/bin/sh\nexec ${process.execPath} ${main} "$@"\n`, { mode: 0o755 });
  const hostEnvironment = {
    POINTSMAN_HOME: join(directory, '.host-state'),
    POINTSMAN_TEMPORAL_PORT: String(temporalPort),
    POINTSMAN_UI_PORT: String(uiPort),
    POINTSMAN_VIA: '',
    ROUTER_PORT: String(routerPort),
    [fileVariable]: process.env[fileVariable] ?? '',
    PATH: `${bin}:${process.env['PATH']}`,
  };
  const ssh = await SshServer.start({ environment: hostEnvironment });
  const environment = {
    ...(await ssh.variables()),
    ...(kind === 'via' ? { POINTSMAN_VIA: ssh.url } : {}),
    DOCKER_HOST: 'unix:///nonexistent/docker.sock',
    ROUTER_PORT: '',
  };
  return { ssh, environment, hostEnvironment, worksThere: kind === 'via' };
}
