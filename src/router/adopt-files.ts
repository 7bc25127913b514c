import { posix } from 'node:path';
import { lastLine } from '../model/last-line.js';
import { RouterDownError } from './live-slot.js';
import type { Nginx } from './nginx.js';
import { keptForEver, movingBack, previous } from './nginx-scripts.js';
import type { Snippet } from './takeover.js';

/** A file of somebody else's is where a snippet has to go. */
export class SnippetInTheWayError extends Error {
  override readonly name = 'SnippetInTheWayError';
}

/** What there was before an adopt wrote its first file: by this everything is found that is to go again. */
export interface FilesBefore {
  /** Files that were not there, with their directory. */
  readonly absent: readonly string[];
  /** Directories that were not there, the deepest first. */
  readonly absentDirectories: readonly string[];
  /** Where the config points to, where it is a symbolic link; else `null`. */
  readonly link: string | null;
  /** Other files of the user's that get another name meanwhile. */
  readonly moved: readonly string[];
}

export interface Placed {
  /** In the router's container. */
  readonly directory: string;
  readonly snippets: readonly Snippet[];
  readonly moved: readonly string[];
  readonly timestamp: string;
}

/** Looks at all places where an adopt is going to write. */
export async function filesBefore(
  nginx: Nginx,
  { directory, snippets, moved, timestamp }: Placed,
): Promise<FilesBefore> {
  const beside = [keptForEver, `${keptForEver}.${timestamp}`, previous(timestamp)];
  const config = posix.dirname(nginx.file);
  const own = [nginx.file, ...beside.map((name) => `${config}/${name}`)];
  const files = [...own, ...snippets.map(({ path }) => `${directory}/${path}`)];
  const directories = directoriesOf(directory, snippets);
  const { stdout } = await must(nginx, listAbsent, [nginx.file, ...files, ...directories]);
  const [link = '', ...absent] = stdout.split('\n');
  return {
    absent: files.filter((file) => absent.includes(file)),
    absentDirectories: directories.filter((name) => absent.includes(name)),
    link: link === '' ? null : link,
    moved,
  };
}

/**
 * Writes the snippets, each whole or not at all; one that is there already with the same content stays.
 *
 * @throws {SnippetInTheWayError} where another one is there.
 */
export async function writeSnippets(nginx: Nginx, { directory, snippets }: Placed): Promise<void> {
  for (const { path, text } of snippets) {
    const file = `${directory}/${path}`;
    const { exitCode, stderr } = await nginx.act(writeNew, [file, text]);
    if (exitCode === inTheWay) {
      throw new SnippetInTheWayError(`${file} is there already, with other content: move it away first`);
    }
    if (exitCode !== 0) throw new Error(`${file} cannot be written in the router: ${lastLine(stderr)}`);
  }
}

/** Puts the config back that was kept under this timestamp, in the form that it had; tells whether it was away. */
export async function putBack(nginx: Nginx, timestamp: string, { link, moved }: FilesBefore): Promise<boolean> {
  const kept = `${posix.dirname(nginx.file)}/${previous(timestamp)}`;
  const { stdout } = await must(nginx, restore, [nginx.file, kept, link ?? '', timestamp, ...moved]);
  return stdout.trim() === 'restored';
}

/** Removes what was not there before. */
export async function removeWritten(nginx: Nginx, { absent, absentDirectories }: FilesBefore): Promise<void> {
  await must(nginx, remove, [String(absent.length), ...absent, ...absentDirectories]);
}

/** The deepest first, so that each is empty when its turn comes. */
function directoriesOf(directory: string, snippets: readonly Snippet[]): string[] {
  if (snippets.length === 0) return [];
  const below = snippets.map(({ path }) => posix.dirname(`${directory}/${path}`));
  return [...new Set([...below, directory])].sort((one, other) => other.length - one.length);
}

async function must(nginx: Nginx, script: string, args: readonly string[]) {
  const ended = await nginx.act(script, args, script === listAbsent ? 'look' : 'act');
  if (ended.exitCode === 0) return ended;
  throw new RouterDownError(`a command in the router ended with ${ended.exitCode}: ${lastLine(ended.stderr)}`);
}

/** The first line says where `$1` points to, if it is a link; the others, which of the rest are not there. */
const listAbsent = `
readlink "$1" || echo
shift
for f in "$@"; do [ -e "$f" ] || [ -L "$f" ] || echo "$f"; done`;

/** No exit code of a shell's. */
const inTheWay = 45;

/** A link is made only where no file is, in one step: nothing of somebody else's is written over, and no half file is left. */
const writeNew = `
mkdir -p "$(dirname "$1")" || exit 1
if [ -e "$1" ] || [ -L "$1" ]; then printf '%s' "$2" | cmp -s - "$1" && exit 0; exit ${inTheWay}; fi
printf '%s' "$2" > "$1.tmp" && ln "$1.tmp" "$1"; code=$?
rm -f "$1.tmp"
exit $code`;

const restore = `
target=$1 kept=$2 link=$3 by=$4
shift 4
${movingBack}[ -e "$kept" ] || exit 0
if [ -n "$link" ]; then
  [ "$(readlink "$target")" = "$link" ] && exit 0
  rm -f "$target.tmp" && ln -s "$link" "$target.tmp" && mv "$target.tmp" "$target" || exit 1
else
  ! [ -L "$target" ] && cmp -s "$kept" "$target" && exit 0
  cp -p "$kept" "$target.tmp" && mv "$target.tmp" "$target" || exit 1
fi
echo restored`;

const remove = `
count=$1; shift
while [ "$count" -gt 0 ]; do rm -f "$1" || exit 1; shift; count=$((count - 1)); done
for d in "$@"; do rmdir "$d" 2>/dev/null; done
true`;
