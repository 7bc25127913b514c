import { createHash, createHmac } from 'node:crypto';
import { matchesPatterns } from './patterns.js';

/** One key that is known of a host. */
interface KnownKey {
  readonly type: string;
  /** Base64, as in the file. */
  readonly key: string;
  readonly revoked: boolean;
}

/** What the known hosts say of a key that a host showed. */
export type Verdict = 'known' | 'unknown' | 'changed' | 'revoked';

/** `host`, or `[host]:port` where it is not the usual one: how known_hosts files name it. */
export function knownHostsName(host: string, port: number): string {
  return port === 22 ? host : `[${host}]:${port}`;
}

/**
 * The keys that are known of a host, from the text of a known_hosts file (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT): plain
 * and hashed names, patterns and negation. Certificate authorities are not supported; their lines are left out.
 */
export function knownKeys(text: string, name: string): readonly KnownKey[] {
  return text.split('\n').flatMap((line) => {
    const words = line.trim().split(/\s+/);
    const mark = words[0]?.startsWith('@') ? words.shift() : undefined;
    const [names = '', type, key] = words;
    if (names.startsWith('#') || !type || !key || mark === '@cert-authority') return [];
    return matches(names, name) ? [{ type, key, revoked: mark === '@revoked' }] : [];
  });
}

export function judge(known: readonly KnownKey[], shown: Buffer): Verdict {
  const encoded = shown.toString('base64');
  const same = known.filter(({ key }) => key === encoded);
  if (same.some(({ revoked }) => revoked)) return 'revoked';
  if (same.length > 0) return 'known';
  return known.some(({ revoked }) => !revoked) ? 'changed' : 'unknown';
}

/** As OpenSSH prints it: `SHA256:` and the digest in Base64 without padding. */
export function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** The type that is written at the beginning of a public key, such as `ssh-ed25519`. */
export function keyType(key: Buffer): string {
  return key.subarray(4, 4 + key.readUInt32BE(0)).toString();
}

/**
 * Signature algorithms to ask a host for, so that it shows a key that is known: one that knows only the RSA key must
 * not see an Ed25519 key and call it changed. `null`: nothing is known, so anything will do.
 */
export function algorithmsFor(known: readonly KnownKey[]): readonly string[] | null {
  const types = known.filter(({ revoked }) => !revoked).map(({ type }) => type);
  if (types.length === 0) return null;
  return [...new Set(types.flatMap((type) => (type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256'] : type)))];
}

function matches(names: string, name: string): boolean {
  const hashed = /^\|1\|([^|]+)\|([^|]+)$/.exec(names);
  if (hashed) {
    const [, salt = '', digest] = hashed;
    return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === digest;
  }
  return matchesPatterns(names.toLowerCase().split(','), name.toLowerCase());
}
