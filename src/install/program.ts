import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pack } from 'tar-stream';
import { compressed } from './compressed.js';
import { neededPackages } from './dependency-tree.js';
import { InstallError } from './install-error.js';

/** One file of the program, as it is to lie in its version's directory. */
interface ProgramFile {
  readonly source: string;
  readonly path: string;
  readonly executable: boolean;
}

/** This very program, ready to be shipped. */
export interface Program {
  readonly version: string;
  /** Lines as `sha256sum` reads them, of every file. */
  readonly manifest: string;
  /** A compressed tar archive of all files and the manifest, made anew at each call. */
  archive(): Readable;
}

/** What is shipped of the package itself, and without what it cannot be. */
const ownParts = ['package.json', 'dist', 'templates', 'docker-compose.temporal.yml'];

/**
 * Gathers the running installation for a server of this machine type (`uname -m`).
 *
 * @throws {InstallError} when this program was not built, or misses packages.
 */
export async function collectProgram(packageRoot: string, machine: string): Promise<Program> {
  if (!existsSync(join(packageRoot, 'dist/cli/main.js'))) {
    throw new InstallError('refused', 'This pointsman runs from its source: build it first (npm run build).');
  }
  const files = await Promise.all([
    ...ownParts.map((part) => filesBelow(join(packageRoot, part), part)),
    ...(await neededPackages(packageRoot)).map(({ directory, destination }) => filesBelow(directory, destination)),
  ]);
  const wanted = files.flat().filter(({ path }) => isNeeded(path, machine));
  const listed = wanted.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const { version } = JSON.parse(await readFile(join(packageRoot, 'package.json'), 'utf8')) as { version: string };
  const manifest = await manifestOf(listed);
  return { version, manifest, archive: () => archiveOf(listed, manifest) };
}

/** Fingerprint of a manifest, to compare with the server's. */
export function manifestHash({ manifest }: Pick<Program, 'manifest'>): string {
  return createHash('sha256').update(manifest).digest('hex');
}

async function filesBelow(source: string, path: string): Promise<ProgramFile[]> {
  const found = await stat(source);
  if (found.isFile()) return [{ source, path, executable: (found.mode & 0o111) !== 0 }];
  const entries = await readdir(source, { withFileTypes: true });
  // Packages below a package are those that need it themselves; they are found by their names.
  const parts = entries.filter((entry) => entry.name !== 'node_modules' && (entry.isFile() || entry.isDirectory()));
  return (await Promise.all(parts.map(({ name }) => filesBelow(join(source, name), `${path}/${name}`)))).flat();
}

/** Types and source maps are for development, and Temporal's core comes for five machines, 25 MB each. */
function isNeeded(path: string, machine: string): boolean {
  const release = /@temporalio\/core-bridge\/releases\/([^/]+)\//.exec(path)?.[1];
  return (release === undefined || release === `${machine}-unknown-linux-gnu`) && !/\.(d\.[cm]?ts|map)$/.test(path);
}

async function manifestOf(files: readonly ProgramFile[]): Promise<string> {
  let manifest = '';
  for (const { source, path } of files) {
    if (/[\n\\]/.test(path)) throw new InstallError('refused', `a file of the program has an impossible name: ${path}`);
    manifest += `${createHash('sha256')
      .update(await readFile(source))
      .digest('hex')}  ${path}\n`;
  }
  return manifest;
}

function archiveOf(files: readonly ProgramFile[], manifest: string): Readable {
  const archive = pack();
  const entry = (name: string, mode: number, content: Buffer | string): Promise<void> =>
    new Promise((resolve, reject) => {
      archive.entry({ name, mode }, content as string, (error) => (error ? reject(error) : resolve()));
    });
  const fill = async (): Promise<void> => {
    for (const { source, path, executable } of files) {
      await entry(path, executable ? 0o755 : 0o644, await readFile(source));
    }
    await entry('SHA256SUMS', 0o644, manifest);
    archive.finalize();
  };
  fill().catch((error: unknown) => archive.destroy(error as Error));
  return compressed(Readable.from(archive), 4);
}
