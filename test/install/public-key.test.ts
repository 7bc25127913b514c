import { describe, expect, test } from 'vitest';
import { authorizedLine, parsePublicKey, withKeys, withoutGates } from '../../src/install/public-key.js';

const blob = 'AAAAC3NzaC1lZDI1NTE5AAAAIJu1lX2+cHoPVcAOxZVuQaAlvnxwE0RVzFnKUJmVgEA1';
const key = { type: 'ssh-ed25519', blob, comment: 'ci@example.org' };
const line =
  'restrict,port-forwarding,permitopen="127.0.0.1:7237",command="/usr/local/bin/pointsman ssh-gate --ship" ' +
  `ssh-ed25519 ${blob} ci@example.org`;

describe('a file with a public key', () => {
  test('is read, whatever white space surrounds it', () => {
    expect(parsePublicKey(`ssh-ed25519 ${blob} ci@example.org\r\n\n`, 'ci.pub')).toEqual(key);
    expect(parsePublicKey(`# of the CI\nssh-ed25519\t${blob}`, 'ci.pub')).toEqual({ ...key, comment: '' });
  });

  const refused: [what: string, text: string, message: RegExp][] = [
    [
      'a private key, without showing it',
      '-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----\n',
      /^ci is a PRIVATE key, which must not leave its owner\. Give the file beside it that ends in \.pub\.$/,
    ],
    ['an RSA private key', '-----BEGIN RSA PRIVATE KEY-----\nc2VjcmV0\n', /is a PRIVATE key/],
    ['a private key of PuTTY', 'PuTTY-User-Key-File-3: ssh-ed25519\n', /is a PRIVATE key/],
    ['two keys', `ssh-ed25519 ${blob} a\nssh-ed25519 ${blob} b\n`, /one public key in one line; it holds 2 lines/],
    ['an empty file', '\n', /it holds 0 lines/],
    ['a key of an unknown type', `ssh-dss ${blob}\n`, /no public key that OpenSSH knows/],
    ['options before the key', `command="sh" ssh-ed25519 ${blob}\n`, /no public key that OpenSSH knows/],
    ['a key that is cut off', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5\n', /is damaged/],
    ['a key that says to be of another type', `ssh-rsa ${blob}\n`, /is damaged: what follows ssh-rsa is no such key/],
    ['a hidden control character', `ssh-ed25519 ${blob} ci\u001b[2K\n`, /holds control characters/],
    ['a carriage return within the line', `ssh-ed25519 ${blob} a\rssh-rsa b\n`, /holds control characters/],
  ];
  test.each(refused)('is refused: %s', (_, text, message) => {
    expect(() => parsePublicKey(text, 'ci')).toThrow(expect.objectContaining({ kind: 'refused' }));
    expect(() => parsePublicKey(text, 'ci')).toThrow(message);
    expect(() => parsePublicKey(text, 'ci')).not.toThrow(/c2VjcmV0/);
  });
});

describe('authorized_keys', () => {
  test('gives the key of CI the tunnel to Temporal and the shipping of releases, and nothing else', () => {
    expect(authorizedLine(key)).toBe(line);
  });

  test('gets a key once, and keeps what others wrote', () => {
    const others = '# of the admin\nssh-ed25519 AAAAother admin\n';
    const once = withKeys(others, [key, key]);
    expect(once).toEqual({ content: `${others}${line}\n`, foreign: [] });
    expect(withKeys(once.content, [key])).toEqual(once);
  });

  test('gets the rights of today for a key that an earlier version wrote', () => {
    const earlier = `command="/usr/local/bin/pointsman ssh-gate" ssh-ed25519 ${blob} ci@example.org\n`;
    expect(withKeys(earlier, [key]).content).toBe(`${line}\n`);
  });

  test('does not get a key to which somebody gave other rights, since sshd would use those', () => {
    const own = `ssh-ed25519 ${blob} me\n`;
    expect(withKeys(own, [key])).toEqual({ content: own, foreign: [key] });
  });

  test('loses only what pointsman wrote', () => {
    expect(withoutGates(`ssh-ed25519 AAAAother admin\n${line}\n`)).toBe('ssh-ed25519 AAAAother admin\n');
    expect(withoutGates(`${line}\n`)).toBe('');
  });
});
