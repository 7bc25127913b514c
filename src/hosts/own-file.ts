import { createHash } from 'node:crypto';
import type { Host } from './host.js';

/** What pointsman replaces and did not write is kept beside it under its name and this, for ever. */
export const keptSuffix = '.before-pointsman';

/**
 * `keep_before PATH STAMP FLAGS` in POSIX sh: keeps a file before it is replaced, and says in `theirs` where. What was kept
 * before stays: another content gets the stamp besides. Done twice, it does nothing more.
 */
export const keepBefore = `
keep_before() {
  theirs=$1${keptSuffix}
  ! test -e "$theirs" || cmp -s "$theirs" "$1" || theirs=$theirs.$2
  test -e "$theirs" || { cp $3 "$1" "$theirs.tmp" && mv "$theirs.tmp" "$theirs"; }
}
`;

/**
 * Keeps a file of a host as it is, a link as a link, and returns under which name.
 *
 * @param stamp goes into the name where another content has the usual one.
 */
export async function keepOnHost(host: Pick<Host, 'run'>, path: string, stamp: string): Promise<string> {
  const script = `set -e${keepBefore}keep_before "$1" "$2" -pP\nprintf %s "$theirs"`;
  return (await host.run({ argv: ['sh', '-c', script, 'sh', path, stamp] })).stdout;
}

const signature = '# Written by pointsman, and by nobody else since: sha256 ';

/** A text that tells later whether it is still as pointsman wrote it. Its syntax has comments that begin with `#`. */
export function signed(text: string): string {
  const lines = text.endsWith('\n') ? text : `${text}\n`;
  return `${lines}${signature}${hashOf(lines)}\n`;
}

/** Whether a text is as {@link signed} made it, by whatever version: nobody has written it or changed it since. */
export function isSigned(text: string): boolean {
  const at = text.lastIndexOf(signature);
  return at >= 0 && text.slice(at) === `${signature}${hashOf(text.slice(0, at))}\n`;
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
