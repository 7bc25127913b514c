import { matchesWildcards } from '../model/wildcards.js';
import { parseNginx, type Directive } from './nginx-syntax.js';

/** What `nginx -T` prints before each file. */
const heading = /^# configuration file (.+):$/;

/** Deeper than anybody includes. */
const deepest = 20;

/** Files of a dump, in the order in which nginx read them; the first one is the main file. */
export function filesOfDump(dump: string): ReadonlyMap<string, string> {
  const files = new Map<string, string[]>();
  let lines: string[] = [];
  for (const line of dump.split('\n')) {
    const [, file] = heading.exec(line) ?? [];
    if (file === undefined) lines.push(line);
    // A file that is included twice is printed once.
    else files.set(file, (lines = files.get(file) ?? []));
  }
  return new Map([...files].map(([file, content]) => [file, content.join('\n')]));
}

/**
 * The whole config that nginx has read, each `include` replaced by what it brings in. Each directive knows its file and line.
 *
 * @param dump what `nginx -T` has printed on its standard output.
 * @throws {NginxSyntaxError} where a file is none that nginx would read.
 */
export function treeOfDump(dump: string): readonly Directive[] {
  const files = new Map([...filesOfDump(dump)].map(([file, text]) => [file, parseNginx(text, file)]));
  const [main] = files.keys();
  return main === undefined ? [] : included(files, main, files.get(main) ?? [], 0);
}

function included(
  files: ReadonlyMap<string, readonly Directive[]>,
  main: string,
  directives: readonly Directive[],
  depth: number,
): Directive[] {
  return directives.flatMap((directive) => {
    const { name, args, block } = directive;
    if (name !== 'include' || block !== null) {
      return [block === null ? directive : { ...directive, block: included(files, main, block, depth) }];
    }
    if (depth > deepest) return [];
    const pattern = absolute(args[0] ?? '', main).split('/');
    return [...files]
      .filter(([file]) => matchesPath(pattern, file.split('/')))
      .flatMap(([, content]) => included(files, main, content, depth + 1));
  });
}

/** Names are relative to the directory of the main file, and take shell patterns. */
function absolute(name: string, main: string): string {
  return name.startsWith('/') ? name : main.replace(/[^/]*$/, () => name);
}

/** A `*` stands for no `/`. */
function matchesPath(pattern: readonly string[], path: readonly string[]): boolean {
  return pattern.length === path.length && pattern.every((part, at) => matchesWildcards(part, path[at] ?? ''));
}
