import { join } from 'node:path';
import ssh2, { type ParsedKey } from 'ssh2';
import { FileTooLargeError, readBounded } from '../bounded-file.js';
import type { SshEnvironment } from './environment.js';
import { SshError } from './error.js';
import { fingerprintOf } from './known-hosts.js';

/** What a host can be convinced with. */
export interface Identities {
  readonly keys: readonly { readonly key: ParsedKey; readonly label: string }[];
  readonly agentSocket: string | null;
  /** Keys that were found and cannot be used, with the reason: said when the host refuses the others. */
  readonly unusable: readonly string[];
}

export interface IdentityWishes {
  /** `null`: the usual ones. */
  readonly files: readonly string[] | null;
  readonly agentSocket: string | null;
  readonly onlyFiles: boolean;
  /** What else was wished for and cannot be used, with the reason. */
  readonly unusable: readonly string[];
}

const usual = ['id_ed25519', 'id_ecdsa', 'id_rsa'];

/**
 * The key of the environment alone where there is one; else the agent's, then those of the configuration or the usual
 * ones.
 *
 * @throws {SshError} `usage` when the key of the environment cannot be used.
 */
export async function findIdentities(environment: SshEnvironment, wishes: IdentityWishes): Promise<Identities> {
  if (environment.key !== null) {
    const key = await environmentKey(environment.key, environment.passphrase);
    return { keys: [{ key, label: `POINTSMAN_SSH_KEY (${labelOf(key)})` }], agentSocket: null, unusable: [] };
  }
  const named = wishes.files !== null;
  const files = wishes.files ?? usual.map((name) => join(environment.home, '.ssh', name));
  const keys: { key: ParsedKey; label: string }[] = [];
  const unusable = [...wishes.unusable];
  for (const file of files) {
    const text = await readIfThere(file);
    if (text === null) {
      if (named) unusable.push(`${file} is not there`);
      continue;
    }
    const parsed = parse(text, environment.passphrase);
    if (parsed instanceof Error) unusable.push(`${file}: ${whyUnusable(parsed, environment.passphrase)}`);
    else keys.push({ key: parsed, label: `${file} (${labelOf(parsed)})` });
  }
  return { keys, agentSocket: wishes.onlyFiles && named ? null : wishes.agentSocket, unusable };
}

async function environmentKey(value: string, passphrase: string | null): Promise<ParsedKey> {
  const text = value.includes('-----BEGIN') ? value : await readIfThere(value.trim());
  if (text === null) {
    throw new SshError(
      'usage',
      'POINTSMAN_SSH_KEY is neither a private key (its text begins with -----BEGIN) nor the path of a file that exists.',
    );
  }
  const parsed = parse(text, passphrase);
  if (!(parsed instanceof Error)) return parsed;
  throw new SshError('usage', `POINTSMAN_SSH_KEY cannot be used: ${whyUnusable(parsed, passphrase)}.`);
}

function parse(text: string, passphrase: string | null): ParsedKey | Error {
  // CI variables lose the last line break, or gain carriage returns.
  const normal = `${text.replaceAll('\r', '').trim()}\n`;
  const parsed = ssh2.utils.parseKey(normal, passphrase ?? undefined) as ParsedKey | ParsedKey[] | Error;
  const key = Array.isArray(parsed) ? parsed[0] : parsed;
  if (!key) return new Error('it holds no key');
  return key instanceof Error || key.isPrivateKey() ? key : new Error('it is a public key, not the private one');
}

/** The library's own words name formats; these say what to do. */
function whyUnusable({ message }: Error, passphrase: string | null): string {
  if (/no passphrase given/i.test(message))
    return 'it is locked; set POINTSMAN_SSH_KEY_PASSPHRASE, or load it into an agent';
  if (passphrase !== null && /bad passphrase|integrity|bad decrypt/i.test(message)) {
    return 'POINTSMAN_SSH_KEY_PASSPHRASE does not open it';
  }
  return /unsupported key format/i.test(message) ? 'it is no private key in a known format' : message;
}

function labelOf(key: ParsedKey): string {
  return fingerprintOf(key.getPublicSSH());
}

/** Of keys, and of a configuration that a person wrote. */
const mostBytes = 1 << 20;

/**
 * @param limit in bytes.
 * @throws {SshError} `usage` for what is too large to be read, or cannot be read at all.
 */
export async function readIfThere(path: string, limit = mostBytes): Promise<string | null> {
  try {
    return await readBounded(path, limit);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') return null;
    if (error instanceof FileTooLargeError)
      throw new SshError('usage', `${error.message}. Is it the file that was meant?`);
    throw new SshError('usage', `${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
