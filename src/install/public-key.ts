import { InstallError } from './install-error.js';
import { temporalPort, wrapperPath } from './layout.js';

/** A key of OpenSSH's that is still worth trusting: no DSA. */
const types = [
  'ssh-ed25519',
  'sk-ssh-ed25519@openssh.com',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'sk-ecdsa-sha2-nistp256@openssh.com',
  'ssh-rsa',
] as const;

export interface PublicKey {
  readonly type: string;
  /** The key itself, in base64. */
  readonly blob: string;
  readonly comment: string;
}

/**
 * Reads what is in a `.pub` file. Messages name the file and never show its content: it may be a secret.
 *
 * @throws {InstallError} when it is anything but one public key.
 */
export function parsePublicKey(text: string, file: string): PublicKey {
  const refuse = (why: string): never => {
    throw new InstallError('refused', `${file} ${why}`);
  };
  if (/-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----|^PuTTY-User-Key-File/m.test(text)) {
    refuse('is a PRIVATE key, which must not leave its owner. Give the file beside it that ends in .pub.');
  }
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  const [line = ''] = lines;
  if (lines.length !== 1) refuse(`must hold one public key in one line; it holds ${lines.length} lines.`);
  // A control character would smuggle a second line, or hide text from whoever reads the file.
  if (!/^[\P{Cc}\t]+$/u.test(line.trimEnd())) refuse('holds control characters.');
  const [type = '', blob = '', ...comment] = line.trim().split(/\s+/);
  if (!types.some((known) => known === type)) {
    refuse(`is no public key that OpenSSH knows: its line must begin with one of ${types.join(', ')}.`);
  }
  if (!saysItsType(blob, type)) refuse(`is damaged: what follows ${type} is no such key.`);
  return { type, blob, comment: comment.join(' ') };
}

/** The key's own first field, a length and a name, repeats its type. */
function saysItsType(blob: string, type: string): boolean {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(blob)) return false;
  const bytes = Buffer.from(blob, 'base64');
  const length = bytes.length >= 4 ? bytes.readUInt32BE(0) : -1;
  return length === type.length && bytes.length > length + 4 && bytes.toString('latin1', 4, 4 + length) === type;
}

/** What marks a line of `authorized_keys` as pointsman's own. */
const gate = `command="${wrapperPath} ssh-gate`;

/** Whoever holds this key may reach Temporal and ship releases, and nothing else. */
export function authorizedLine({ type, blob, comment }: PublicKey): string {
  const rights = `restrict,port-forwarding,permitopen="127.0.0.1:${temporalPort}",${gate} --ship"`;
  return [rights, type, blob, comment].filter((part) => part !== '').join(' ');
}

export interface KeyChange {
  readonly content: string;
  /** Keys that are there with rights that somebody else gave them: they are left alone. */
  readonly foreign: readonly PublicKey[];
}

/** `authorized_keys` with these keys in it, each once, and everything else as it was. */
export function withKeys(content: string, keys: readonly PublicKey[]): KeyChange {
  let lines = content.split('\n').filter((line) => line !== '');
  const foreign: PublicKey[] = [];
  for (const key of keys) {
    const holds = (line: string): boolean => line.split(/\s+/).includes(key.blob);
    if (lines.some((line) => holds(line) && !line.includes(gate))) {
      foreign.push(key);
      continue;
    }
    const wanted = authorizedLine(key);
    if (lines.includes(wanted)) continue;
    lines = [...lines.filter((line) => !holds(line)), wanted];
  }
  return { content: lines.map((line) => `${line}\n`).join(''), foreign };
}

/** `authorized_keys` without pointsman's own lines. */
export function withoutGates(content: string): string {
  const lines = content.split('\n').filter((line) => line !== '' && !line.includes(gate));
  return lines.map((line) => `${line}\n`).join('');
}
