import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { FileTooLargeError, readBounded, tooLarge } from '../hosts/bounded-file.js';
import { baseOf, matchesPattern } from '../migrations/glob.js';
import { reasonOf } from '../model/reason.js';
import { ConfigError, type Problem } from './problems.js';

/** Far more than anybody writes by hand or generates; to parse ten times as much takes seconds and most of a gigabyte. */
const mostBytes = 1 << 20;

/**
 * The text of a file that a person wrote; `null` where there is none.
 *
 * @param file as messages name it.
 * @throws {ConfigError} for what is too large to be read, or cannot be read at all.
 */
export async function readIfThere(directory: string, file: string): Promise<string | null> {
  try {
    return await readBounded(resolve(directory, file), mostBytes);
  } catch (error) {
    if (isMissing(error)) return null;
    throw new ConfigError([{ file, line: null, column: null, ...unread(error) }]);
  }
}

function unread(error: unknown): Pick<Problem, 'message' | 'fix'> {
  if (error instanceof FileTooLargeError) return { message: error.problem, fix: 'is it the file that was meant?' };
  const code = error instanceof Error && 'code' in error ? String(error.code) : reasonOf(error);
  const message = `cannot be read: ${code === 'EISDIR' ? 'it is a directory' : code}`;
  return { message, fix: 'name a file that whoever runs this may read' };
}

/** What is said of an env file that is too large to be read; `null` where it is not. */
export async function tooLargeToRead(path: string): Promise<string | null> {
  const { size } = await stat(path);
  return size > mostBytes ? tooLarge(size, mostBytes) : null;
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
  const below = entries.filter((entry) => entry.isDirectory() && !isInstalled(entry.name));
  for (const { name } of below) if (await hasFileWithEnding(resolve(directory, name), ending)) return true;
  return false;
}

/** SQL and Python files that match one of some patterns, by name. Links, and what tools install and hide, do not count. */
export async function matchingFiles(directory: string, patterns: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  for (const pattern of patterns.filter((each) => !each.split('/').includes('..'))) {
    for await (const path of filesBelow(directory, baseOf(pattern))) {
      if (/\.(sql|py)$/.test(path) && matchesPattern(pattern, path)) found.add(path);
    }
  }
  return [...found].sort();
}

async function* filesBelow(root: string, directory: string, depth = 12): AsyncGenerator<string> {
  for (const entry of await entriesOf(resolve(root, directory))) {
    const path = join(directory, entry.name);
    if (entry.isFile()) yield path;
    else if (entry.isDirectory() && depth > 1 && !isInstalled(entry.name)) yield* filesBelow(root, path, depth - 1);
  }
}

async function entriesOf(directory: string): Promise<Dirent[]> {
  try {
    return await readdir(directory, { withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

function isInstalled(name: string): boolean {
  return /^(\.|node_modules$|venv$)/.test(name);
}

function isMissing(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  // A name that no file can have is that of no file.
  return ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ERR_INVALID_ARG_VALUE'].includes(String(code));
}
