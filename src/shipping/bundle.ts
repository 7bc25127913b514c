import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { extract, pack } from 'tar-stream';
import { releasePattern } from '../model/names.js';

/** One file of a release, as it is to lie on the host. */
export interface BundleFile {
  /** Relative to the directory of the release. */
  readonly path: string;
  readonly mode: number;
  readonly content: Buffer;
}

/** Whose files these are. */
export interface BundleLabel {
  readonly project: string;
  readonly environment: string;
  readonly release: string;
  /** Makes its directory one of its own, also when the same release is sent twice. */
  readonly id: string;
}

/** What reaches a host for one release: files, `.env` and registry login included. */
export interface Bundle {
  readonly label: BundleLabel;
  readonly files: readonly BundleFile[];
}

/** Thrown when files cannot be sent or what arrived is no bundle; the message says which and why. */
export class BundleError extends Error {
  override readonly name = 'BundleError';
}

/** Images belong in a registry; what is sent is configuration, or the context of a build. */
export const maxBundleBytes = 256 << 20;

/** Of a release, relative to the environment's directory in pointsman's state. */
export function releaseDirectory({ release, id }: Pick<BundleLabel, 'release' | 'id'>): string {
  return `releases/${release}-${id}`;
}

const labelEntry = 'pointsman-label.json';

/** As it goes over a connection: a tar archive whose first entry is the label. */
export function packBundle({ label, files }: Bundle): Readable {
  return packFiles([{ path: labelEntry, mode: 0o600, content: Buffer.from(JSON.stringify(label)) }, ...files]);
}

/** Files as a tar archive. */
export function packFiles(files: readonly BundleFile[]): Readable {
  const archive = pack();
  for (const { path, mode, content } of files) archive.entry({ name: path, mode }, content);
  archive.finalize();
  return Readable.from(archive);
}

/**
 * Reads what a client sent. It may be anybody who holds a key for this, so nothing in it is trusted.
 *
 * @throws {BundleError} when it is no bundle, or would write outside of its directory.
 */
export async function readBundle(stream: Readable): Promise<Bundle> {
  const archive = extract();
  // A stream that breaks off ends the loop below with its error.
  stream.once('error', (error) => archive.destroy(error)).pipe(archive);
  let label: BundleLabel | null = null;
  const files: BundleFile[] = [];
  let bytes = 0;
  for await (const entry of archive) {
    const { name, mode = 0o644, type, size = 0 } = entry.header;
    bytes += size;
    if (bytes > maxBundleBytes) throw new BundleError(`more than ${maxBundleBytes >> 20} MiB were sent`);
    if (type !== 'file') throw new BundleError(`${name} is no plain file (${type})`);
    if (label === null) label = parseLabel(name, await text(entry));
    else files.push({ path: safePath(name), mode: mode & 0o777, content: await buffer(entry) });
  }
  if (label === null) throw new BundleError('nothing was sent');
  return { label, files };
}

function parseLabel(name: string, written: string): BundleLabel {
  if (name !== labelEntry) throw new BundleError('this is no bundle of pointsman');
  const { project, environment, release, id } = JSON.parse(written) as Partial<Record<keyof BundleLabel, unknown>>;
  const word = (value: unknown, pattern: RegExp, what: string): string => {
    if (typeof value === 'string' && pattern.test(value)) return value;
    throw new BundleError(`${what} ${JSON.stringify(value)} is not valid`);
  };
  return {
    project: word(project, /^[a-z0-9][a-z0-9_-]{0,62}$/, 'the project'),
    environment: word(environment, /^[a-z0-9][a-z0-9-]{0,62}$/, 'the environment'),
    release: word(release, releasePattern, 'the release'),
    id: word(id, /^[0-9A-Za-z-]{8,40}$/, 'the id'),
  };
}

function safePath(path: string): string {
  const steps = path.split('/');
  if (path.startsWith('/') || path.includes('\0') || steps.some((step) => step === '..' || step === '')) {
    throw new BundleError(`${JSON.stringify(path)} does not stay inside of the release's directory`);
  }
  return path;
}
