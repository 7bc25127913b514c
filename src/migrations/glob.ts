import { matchesWildcards } from '../model/wildcards.js';

/** A pattern of paths: `*` and `?` stand for anything but `/`, `**` for any number of directories. */
export function matchesPattern(pattern: string, path: string): boolean {
  return matchSegments(segmentsOf(pattern), path.split('/'));
}

/** The directory that everything a pattern matches lies in; `.` where already its first part is no plain name. */
export function baseOf(pattern: string): string {
  const segments = segmentsOf(pattern);
  const wild = segments.findIndex((segment) => /[*?]/.test(segment));
  // Of a pattern that is a plain path, the last part is the file.
  return segments.slice(0, wild === -1 ? -1 : wild).join('/') || '.';
}

/** `./a//b` is `a/b`. */
function segmentsOf(pattern: string): string[] {
  return pattern.split('/').filter((segment) => segment !== '' && segment !== '.');
}

function matchSegments([first, ...rest]: readonly string[], path: readonly string[]): boolean {
  if (first === undefined) return path.length === 0;
  if (first === '**')
    return path.length === 0
      ? matchSegments(rest, [])
      : matchSegments(rest, path) || matchSegments([first, ...rest], path.slice(1));
  const [name, ...below] = path;
  return name !== undefined && matchesWildcards(first, name) && matchSegments(rest, below);
}
