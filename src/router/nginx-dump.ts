import { matchesWildcards } from '../model/wildcards.js';
import { warmUpFile } from './nginx-scripts.js';
import { NginxSyntaxError, parseNginx, type Directive } from './nginx-syntax.js';

/** What `nginx -T` prints before each file. */
const heading = /^# configuration file (.+):$/;

/** More than anybody includes: files that include each other twice over would otherwise multiply without an end. */
const mostDirectives = 100_000;

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
 * What pointsman itself has put there for a moment is nobody's config.
 *
 * @param dump what `nginx -T` has printed on its standard output.
 * @throws {NginxSyntaxError} where a file is none that nginx would read.
 */
export function treeOfDump(dump: string): readonly Directive[] {
  const read = [...filesOfDump(dump)].filter(([file]) => !file.endsWith(`/${warmUpFile}`));
  const files = new Map(read.map(([file, text]) => [file, parseNginx(text, file)]));
  const [main] = files.keys();
  return main === undefined ? [] : included({ files, main, left: mostDirectives }, files.get(main) ?? [], [main]);
}

interface Including {
  readonly files: ReadonlyMap<string, readonly Directive[]>;
  readonly main: string;
  /** How many directives may still come. */
  left: number;
}

/** @param within the files that these directives stand in, from the main one on. */
function included(including: Including, directives: readonly Directive[], within: readonly string[]): Directive[] {
  return directives.flatMap((directive) => {
    const { name, args, block } = directive;
    if (including.left-- <= 0)
      throw new NginxSyntaxError(`includes bring in more than ${mostDirectives} directives`, directive);
    if (name !== 'include' || block !== null) {
      return [block === null ? directive : { ...directive, block: included(including, block, within) }];
    }
    const pattern = absolute(args[0] ?? '', including.main).split('/');
    return [...including.files]
      .filter(([file]) => matchesPath(pattern, file.split('/')))
      .flatMap(([file, content]) => {
        // nginx goes on until it may open no more files.
        if (within.includes(file)) throw new NginxSyntaxError(`${file} includes itself`, directive);
        return included(including, content, [...within, file]);
      })
      .map((brought) => ({ ...brought, via: [directive, ...(brought.via ?? [])] }));
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
