import { readdir, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';

/**
 * The files that an Include names, in the order of their names (glob(7)).
 *
 * @param pattern a path in which `*`, `?` and `[…]` stand for parts of a name; a leading dot is matched by a dot only.
 * @param directory what a path that is not absolute is relative to.
 */
export async function includedFiles(pattern: string, directory: string): Promise<string[]> {
  const absolute = isAbsolute(pattern) ? pattern : join(directory, pattern);
  let paths = ['/'];
  for (const segment of absolute.split('/').filter(Boolean)) {
    const found = await Promise.all(paths.map((path) => below(path, segment)));
    paths = found.flat();
  }
  const files = await Promise.all(paths.map(isFile));
  return paths.filter((_, index) => files[index]);
}

async function below(directory: string, segment: string): Promise<string[]> {
  if (!/[*?[]/.test(segment)) return [join(directory, segment)];
  const names = await readdir(directory).catch(() => []);
  const pattern = segmentPattern(segment);
  const visible = names.filter((name) => segment.startsWith('.') || !name.startsWith('.'));
  return visible
    .filter((name) => pattern.test(name))
    .toSorted()
    .map((name) => join(directory, name));
}

function segmentPattern(segment: string): RegExp {
  const source = segment.replaceAll(/\[(!?)([^\]]+)\]|[*?]|[^*?[]+|\[/g, (part: string, not?: string, set?: string) => {
    if (set !== undefined) return `[${not ? '^' : ''}${set.replaceAll(/[\\^]/g, String.raw`\$&`)}]`;
    if (part === '*') return '.*';
    return part === '?' ? '.' : part.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`);
  });
  return new RegExp(`^${source}$`, 's');
}

async function isFile(path: string): Promise<boolean> {
  try {
    return !(await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
