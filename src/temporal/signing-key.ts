import { createHash, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { TemporalUnavailableError } from './place.js';

/** Where a key comes from; asked when something is to be signed or judged. `null`: there is none. */
export type KeySource = () => Promise<SigningKey | null>;

const bytes = 32;

/** The secret that whoever may ask shares with the workers that do it. */
export class SigningKey {
  readonly secret: Buffer;

  /** @throws {TemporalUnavailableError} when the text is no key. */
  constructor(text: string, from: string) {
    this.secret = Buffer.from(text.trim(), 'base64url');
    if (this.secret.length === bytes) return;
    throw new TemporalUnavailableError(
      `${from} holds no signing key: it takes ${bytes} bytes in base64url, as "pointsman signing-key" prints them.`,
    );
  }

  /** Tells two keys apart, and nothing of what is in them. */
  get id(): string {
    return createHash('sha256').update('pointsman signing key').update(this.secret).digest('hex').slice(0, 16);
  }

  toString(): string {
    return this.secret.toString('base64url');
  }
}

function pathOf(stateDirectory: string): string {
  return join(stateDirectory, 'signing.key');
}

/** The key of a state directory; `null` where `up` has not made one yet. */
export function readKey(stateDirectory: string): SigningKey | null {
  return readKeyFile(pathOf(stateDirectory));
}

/** @throws {TemporalUnavailableError} when the file cannot be read, or is no key. */
export function readKeyFile(path: string): SigningKey | null {
  try {
    return new SigningKey(readFileSync(path, 'utf8'), path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

export function newKey(): SigningKey {
  return new SigningKey(randomBytes(bytes).toString('base64url'), 'a new key');
}

/** Makes it the key of a state directory, for its owner only. Called by the one `up` that holds the directory. */
export function keepKey(stateDirectory: string, key: SigningKey): void {
  const path = pathOf(stateDirectory);
  const file = openSync(`${path}.new`, 'w', 0o600);
  writeSync(file, `${key.toString()}\n`);
  fsyncSync(file);
  closeSync(file);
  renameSync(`${path}.new`, path);
}
