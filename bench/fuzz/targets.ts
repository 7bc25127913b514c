import { configTarget } from './config-target.js';
import { envTarget, foreignEnvTarget } from './env-targets.js';
import { dumpTarget, nginxTarget } from './nginx-targets.js';
import { redactionTarget } from './redaction-target.js';
import { knownHostsTarget, sshConfigTarget } from './ssh-targets.js';
import type { Target } from './target.js';

/** Everything that `npm run fuzz` tries. Those of files work in a directory. */
export function targetsIn(directory: string): Target[] {
  return [
    configTarget(directory),
    nginxTarget,
    dumpTarget,
    envTarget,
    foreignEnvTarget,
    redactionTarget,
    knownHostsTarget,
    sshConfigTarget(directory),
  ];
}
