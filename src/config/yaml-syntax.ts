import { isMap, isScalar, isSeq, visit, type Document, type LineCounter, type YAMLError } from 'yaml';
import type { Position, Problem } from './problems.js';
import { reasonOf } from '../model/reason.js';

export interface ParsedYaml {
  readonly file: string;
  readonly lines: LineCounter;
  readonly document: Document;
}

/** What yaml's error codes mean to somebody who wrote the file by hand; others keep yaml's own words. */
const words: Partial<Record<string, readonly [message: string, fix: string]>> = {
  TAB_AS_INDENT: ['a tab is used as indentation', 'indent with spaces'],
  BAD_INDENT: [
    'the indentation does not fit the lines above, or a bracket was not closed',
    'indent alike, with spaces',
  ],
  MULTIPLE_DOCS: ['a second YAML document begins here', 'keep one: remove the `---` and what follows it'],
  MISSING_CHAR: ['a quote, a bracket or a comma is missing before this', 'close what was opened'],
  BLOCK_AS_IMPLICIT_KEY: ['a key follows a value', 'put the key on a line of its own, or the value in quotes'],
  MULTILINE_IMPLICIT_KEY: ['this line is not `key: value`', 'add the missing `:`'],
  BAD_SCALAR_START: ['a value cannot begin with this character', 'put the value in quotes'],
};

/** Every syntax error, one for each line: what follows on the same line is mostly an echo of the first. */
export function syntaxProblems(parsed: ParsedYaml): Problem[] {
  const byLine = new Map<number | null, Problem>();
  for (const error of parsed.document.errors) {
    const problem = syntaxProblem(error, parsed);
    if (!byLine.has(problem.line)) byLine.set(problem.line, problem);
  }
  return [...byLine.values()];
}

function syntaxProblem(error: YAMLError, parsed: ParsedYaml): Problem {
  const at = placeOf(error.pos[0], parsed);
  if (error.code === 'DUPLICATE_KEY') return { ...at, ...duplicateKey(error.pos[0], parsed) };
  const [message, fix] = words[error.code] ?? [firstLine(error.message), 'mend the YAML'];
  return { ...at, message, fix };
}

function duplicateKey(offset: number, { document, lines }: ParsedYaml): Pick<Problem, 'message' | 'fix'> {
  const { name, first } = namesake(document.contents, offset) ?? { name: 'a key', first: null };
  const where = first === null ? '' : `; it is already on line ${lines.linePos(first).line}`;
  return { message: `${name} is given twice${where}`, fix: 'keep one of them' };
}

interface Namesake {
  readonly name: string;
  /** Offset of the first key of that name in the same map. */
  readonly first: number | null;
}

function namesake(node: unknown, offset: number): Namesake | null {
  if (isSeq(node)) return firstOf(node.items, (child) => namesake(child, offset));
  if (!isMap(node)) return null;
  const keys = node.items.map(({ key }) => key).filter((key) => isScalar(key));
  const second = keys.find((key) => key.range?.[0] === offset);
  if (!second) return firstOf(node.items, ({ value }) => namesake(value, offset));
  const first = keys.find((key) => key.value === second.value);
  return { name: String(second.value), first: first?.range?.[0] ?? null };
}

function firstOf<T>(items: readonly T[], look: (item: T) => Namesake | null): Namesake | null {
  for (const each of items) {
    const found = look(each);
    if (found) return found;
  }
  return null;
}

/** yaml finds an alias without its anchor only when the values are used, and then without saying where. */
export function unresolvedAliases(parsed: ParsedYaml): Problem[] {
  const problems: Problem[] = [];
  visit(parsed.document, {
    Alias(_, alias) {
      if (alias.resolve(parsed.document)) return;
      const message = `there is no anchor &${alias.source} above`;
      problems.push({ ...placeOf(alias.range?.[0] ?? 0, parsed), message, fix: 'add the anchor, or quote the value' });
    },
  });
  return problems;
}

/** A problem for YAML that is well formed and cannot be turned into values. */
export function unusable(file: string, error: unknown): Problem {
  const reason = firstLine(reasonOf(error));
  return { file, line: 1, column: 1, message: `cannot be read as YAML: ${reason}`, fix: 'simplify the file' };
}

function placeOf(offset: number, { file, lines }: ParsedYaml): Position {
  const { line, col } = lines.linePos(offset);
  return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? text;
}
