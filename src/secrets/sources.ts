import { homedir, userInfo } from 'node:os';
import type { SshEnvironment } from '../hosts/ssh/environment.js';

type Variables = Readonly<Record<string, string | undefined>>;

/** What SSH connections are made with. Empty variables count as unset: CI passes a missing secret as one. */
export function sshEnvironment(variables: Variables): SshEnvironment {
  return {
    home: homedir(),
    user: userInfo().username,
    agentSocket: variables['SSH_AUTH_SOCK'] || null,
    key: variables['POINTSMAN_SSH_KEY'] || null,
    passphrase: variables['POINTSMAN_SSH_KEY_PASSPHRASE'] || null,
    knownHosts: variables['POINTSMAN_KNOWN_HOSTS'] || null,
  };
}
