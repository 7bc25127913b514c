import { SshError } from './error.js';
import { fingerprintOf, keyType, type Verdict } from './known-hosts.js';
import type { SshTarget } from './target.js';

/** A failed connection in words: what is wrong and what to do next. */
export function explainConnectError(target: SshTarget, error: Error & { code?: string; level?: string }): SshError {
  const { hostname, port } = target;
  const where = target.address.name;
  const say = (problem: SshError['problem'], message: string): SshError =>
    new SshError(problem, message, { cause: error });
  if (error.level === 'client-authentication') return say('refused', refusedKeys(target));
  if (error.level === 'client-timeout' || error.code === 'ETIMEDOUT') {
    return say(
      'unreachable',
      `${where} does not answer at ${hostname}:${port}. Is it up, and does a firewall let SSH through?`,
    );
  }
  if (error.code === 'ECONNREFUSED') {
    return say(
      'unreachable',
      `${where} refuses connections at ${hostname}:${port}. Does sshd run there, and is the port right?`,
    );
  }
  if (error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN') {
    return say(
      'unreachable',
      `The name ${hostname} (${where}) cannot be resolved. Is it spelled right, and does DNS know it?`,
    );
  }
  if (/no matching host key format/i.test(error.message)) {
    return say(
      'host-key',
      `${where} shows none of the host keys that are known of it (${target.hostKeys.source}): the host was set up anew, ` +
        `or somebody is in between. Compare on the host itself: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub.`,
    );
  }
  if (/no matching/i.test(error.message)) {
    return say(
      'refused',
      `${where} and pointsman have no cipher in common: ${error.message}. Update OpenSSH on the host.`,
    );
  }
  return say('unreachable', `The connection to ${where} (${hostname}:${port}) failed: ${error.message}.`);
}

/** Why a host's key is not trusted, with all that is needed to mend it. */
export function explainHostKey(target: SshTarget, key: Buffer, verdict: Exclude<Verdict, 'known'>): SshError {
  const { name, source, fingerprint } = target.hostKeys;
  const where = target.address.name;
  const line = `${name} ${keyType(key)} ${key.toString('base64')}`;
  const shown = `It shows ${keyType(key)} ${fingerprintOf(key)}`;
  const compare = 'Compare it with what the host itself says: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub';
  if (verdict === 'unknown') {
    return new SshError(
      'host-key',
      `The host key of ${where} is not known: looked for ${name} in ${source}.\n${shown}.\n${compare}\n` +
        `If it is the same, add this line to known_hosts (or to POINTSMAN_KNOWN_HOSTS):\n${line}`,
    );
  }
  if (verdict === 'revoked') {
    return new SshError('host-key', `The host key of ${where} is marked as revoked in ${source}. ${shown}.`);
  }
  const expected = fingerprint ? `the pinned ${fingerprint}` : `the one in ${source}`;
  return new SshError(
    'host-key',
    `The host key of ${where} has CHANGED: it is not ${expected}. Either the host was set up anew, or somebody is in between.\n` +
      `${shown}.\n${compare}\nIf it is the same, put this line in the place of the old one:\n${line}`,
  );
}

function refusedKeys({ address, user, identities }: SshTarget): string {
  const { keys, agentSocket, unusable } = identities;
  const offered = [...(agentSocket ? ['those of the agent'] : []), ...keys.map(({ label }) => label)];
  const said = [
    offered.length > 0
      ? `${address.name} refuses the user ${user} with every key that was offered: ${offered.join(', ')}.`
      : `There is no key to log in to ${address.name} with as ${user}.`,
    ...(unusable.length > 0 ? [`Could not be used: ${unusable.join('; ')}.`] : []),
    offered.length > 0
      ? `Add the public key to ~${user}/.ssh/authorized_keys there, or name another user or key.`
      : 'Set POINTSMAN_SSH_KEY, start an agent, or name an IdentityFile in ~/.ssh/config.',
  ];
  return said.join('\n');
}
