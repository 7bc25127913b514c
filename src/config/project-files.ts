import { readFile, stat } from 'node:fs/promises';
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

function isMissing(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
