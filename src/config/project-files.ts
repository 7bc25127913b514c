import { readdir, readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';

/** The text of a file; `null` where there is none. */
export async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

export async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** The first of some names that is a file in a directory. */
export async function firstFile(directory: string, names: readonly string[]): Promise<string | null> {
  for (const name of names) if (await isFile(resolve(directory, name))) return name;
  return null;
}

/** Is there a file with this ending, at any depth? What tools install and hide does not count. */
export async function hasFileWithEnding(directory: string, ending: string): Promise<boolean> {
  const entries = await readdir(directory, { withFileTypes: true });
  if (entries.some((entry) => entry.isFile() && entry.name.endsWith(ending))) return true;
  const below = entries.filter((entry) => entry.isDirectory() && !/^(\.|node_modules$|venv$)/.test(entry.name));
  for (const { name } of below) if (await hasFileWithEnding(resolve(directory, name), ending)) return true;
  return false;
}

function isMissing(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
