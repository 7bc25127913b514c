import type { SshTarget } from './target.js';

/**
 * Whether two addresses are proven to lead to one machine, whoever logs in: by the same way to the same name and port,
 * where the same host key is expected. Two names may still be one machine, and two ports of a name may be forwarded to
 * two machines; neither is guessed.
 */
export function sameMachine(one: SshTarget, other: SshTarget): boolean {
  return (
    one.hostname === other.hostname &&
    one.port === other.port &&
    one.addressFamily === other.addressFamily &&
    sameKey(one, other) &&
    sameWay(one.jump, other.jump)
  );
}

function sameKey({ hostKeys: one }: SshTarget, { hostKeys: other }: SshTarget): boolean {
  const pinnedApart = one.fingerprint && other.fingerprint && one.fingerprint !== other.fingerprint;
  return one.name === other.name && !pinnedApart;
}

function sameWay(one: SshTarget | null, other: SshTarget | null): boolean {
  return one && other ? sameMachine(one, other) : one === other;
}
