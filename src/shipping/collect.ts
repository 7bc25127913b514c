import { lstat, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BundleError, maxBundleBytes, type BundleFile } from './bundle.js';

/** Never part of a release, whatever directory is listed. */
const neverSent = new Set(['.git', 'node_modules', '__pycache__']);

/**
 * Reads files and directories of a checkout.
 *
 * @param paths relative to `directory`.
 * @throws {BundleError} for what is missing, for links, and when it is too much.
 */
export async function collectFiles(directory: string, paths: readonly string[]): Promise<BundleFile[]> {
  const found = new Map<string, BundleFile>();
  for (const path of paths) {
    for await (const file of walk(directory, path)) found.set(file.path, file);
  }
  const files = [...found.values()];
  const bytes = files.reduce((sum, { content }) => sum + content.length, 0);
  if (bytes > maxBundleBytes) {
    const largest = files.toSorted((one, other) => other.content.length - one.content.length).slice(0, 3);
    const names = largest.map(({ path, content }) => `${path} (${content.length >> 20} MiB)`).join(', ');
    throw new BundleError(`${bytes >> 20} MiB are too much to send; the largest: ${names}. List less in ship.files.`);
  }
  return files;
}

async function* walk(directory: string, path: string): AsyncGenerator<BundleFile> {
  const full = join(directory, path);
  const facts = await lstat(full).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT') throw cause;
    throw new BundleError(`${path} is to be sent and is not there. Make it, or mend ship.files.`, { cause });
  });
  if (facts.isSymbolicLink()) throw new BundleError(`${path} is a symbolic link: send the file itself.`);
  if (facts.isDirectory()) {
    for (const name of (await readdir(full)).sort()) {
      if (!neverSent.has(name)) yield* walk(directory, path === '.' ? name : `${path}/${name}`);
    }
  } else if (facts.isFile()) {
    yield { path, mode: facts.mode & 0o100 ? 0o755 : 0o644, content: await readFile(full) };
  } else {
    throw new BundleError(`${path} is neither a file nor a directory.`);
  }
}
