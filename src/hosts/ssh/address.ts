import { SshError } from './error.js';

/** A host as people write it: `ssh://deploy@shop.example.org:2222?fingerprint=SHA256:…`. */
export interface SshAddress {
  /** As it was written, without the fingerprint: how the host is called in messages. */
  readonly name: string;
  /** `null`: by `~/.ssh/config`, else the user of this process. */
  readonly user: string | null;
  /** A host name, an IP address, or an alias of `~/.ssh/config`. */
  readonly host: string;
  /** `null`: by `~/.ssh/config`, else 22. */
  readonly port: number | null;
  /** Pinned host key; takes the place of known_hosts. */
  readonly fingerprint: string | null;
}

const form =
  /^ssh:\/\/(?:([^@/?#\s:]+)@)?(\[[0-9a-fA-F:.]+\]|[^:/?#\s@[\]]+)(?::(\d{1,5}))?\/?(?:\?fingerprint=(\S+))?$/;
const fingerprintForm = /^SHA256:[A-Za-z0-9+/]{43}=?$/;

/** @throws {SshError} `usage` when it is no such address. */
export function parseSshAddress(text: string): SshAddress {
  if (/^ssh:\/\/[^@/?#\s:]+:[^@/]*@/.test(text)) {
    throw new SshError('usage', 'An address holds no password: use a key, and write ssh://user@host.');
  }
  const [, user = null, host = '', port, fingerprint = null] = form.exec(text) ?? [];
  const number = port === undefined ? null : Number(port);
  if (!host || (number !== null && (number < 1 || number > 65_535))) {
    throw new SshError('usage', `${text} is no SSH address. Write ssh://user@host or ssh://user@host:port.`);
  }
  if (fingerprint !== null && !fingerprintForm.test(fingerprint)) {
    throw new SshError(
      'usage',
      `fingerprint=${fingerprint} is no SHA-256 fingerprint. Read it on the host: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub.`,
    );
  }
  const name = text.replace(/\/?(\?.*)?$/, '');
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  return { name, user, host: bare, port: number, fingerprint: fingerprint?.replace(/=$/, '') ?? null };
}
