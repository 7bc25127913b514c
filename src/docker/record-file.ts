import { inTurnAt, replaceWith, type FencedHost } from '../hosts/fence.js';
import type { Host } from '../hosts/host.js';

/** A file of one JSON object per line, oldest first. A line that is not whole is left out. */
export async function readRecordFile<Line>(host: Pick<Host, 'readFile'>, path: string): Promise<Line[]> {
  return linesOf(await host.readFile(path)).flatMap((line) => {
    try {
      return [JSON.parse(line) as Line];
    } catch {
      return [];
    }
  });
}

/**
 * Adds a line, once however often it is asked for. The file is written as a whole: whatever dies meanwhile, it has
 * either all of the line or nothing of it, and a line that was cut short before never swallows the next one. It is read in the
 * same command: an attempt that slept takes away no line that was added since.
 */
export async function addToRecordFile<Line>(
  host: Pick<Host, 'readFile'> & FencedHost,
  path: string,
  { line, same }: { readonly line: Line; readonly same: (other: Line) => boolean },
): Promise<void> {
  if ((await readRecordFile<Line>(host, path)).some(same)) return;
  await inTurnAt(host, path, { script: add, args: [path], stdin: JSON.stringify(line) });
}

/** Two attempts of a step bring the very same line. */
const add = `line=$(cat)
! grep -qxF -e "$line" "$1" 2>/dev/null || exit 0
lines() { ! test -e "$1" || sed '/^$/d' "$1"; printf '\\n%s\\n' "$line"; }
${replaceWith(`lines "$1" | sed '/^$/d'`)}`;

function linesOf(content: string | null): string[] {
  return (content ?? '').split('\n').filter(Boolean);
}
