import { isAlias, isMap, isNode, isPair, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Document, Node, Pair, YAMLMap } from 'yaml';
import { ConfigError, type Position } from './problems.js';
import { syntaxProblems, unresolvedAliases, unusable, type ParsedYaml } from './yaml-syntax.js';

export type KeyPath = readonly (string | number)[];

/** A YAML file as plain values that still know where they were written. */
export interface YamlSource {
  /** The file as messages name it. */
  readonly file: string;
  readonly value: unknown;
  has(path: KeyPath): boolean;
  /** Where a key stands; where it is absent, its nearest ancestor. */
  keyAt(path: KeyPath): Position;
  /** Where a value stands; where it is absent or empty, the nearest key. */
  valueAt(path: KeyPath): Position;
  /** A value without quotes as the file has it, such as `.nan` or `0x1F`; `null` where it is none. */
  textAt(path: KeyPath): string | null;
}

/**
 * Reads YAML and keeps where everything stands.
 *
 * @throws {ConfigError} with every syntax error in the text.
 */
export function parseYaml(file: string, text: string): YamlSource {
  const lines = new LineCounter();
  try {
    // `merge` for the `<<` that Compose files use; `error` keeps yaml's warnings off the terminal.
    const options = { lineCounter: lines, prettyErrors: false, merge: true, logLevel: 'error' } as const;
    const document: Document = parseDocument(text, options);
    const parsed = { file, lines, document };
    const problems = document.errors.length > 0 ? syntaxProblems(parsed) : unresolvedAliases(parsed);
    if (problems.length > 0) throw new ConfigError(problems);
    return locate(parsed);
  } catch (error) {
    // A bomb of aliases or nesting beyond the stack is found only when the values are used.
    throw error instanceof ConfigError ? error : new ConfigError([unusable(file, error)]);
  }
}

function locate(parsed: ParsedYaml): YamlSource {
  const { file, document } = parsed;
  const keyAt = (path: KeyPath): Position => {
    const found = find(document, path);
    if (found) return position(parsed, found.key ?? found.value);
    return keyAt(path.slice(0, -1));
  };
  const valueAt = (path: KeyPath): Position => {
    const value = find(document, path)?.value;
    return value?.range && value.range[1] > value.range[0] ? position(parsed, value) : keyAt(path);
  };
  const value: unknown = document.toJS();
  const textAt = (path: KeyPath): string | null => {
    const written = resolved(document, find(document, path)?.value ?? null);
    return isScalar(written) && written.type === 'PLAIN' ? (written.source ?? null) : null;
  };
  return { file, value, keyAt, valueAt, textAt, has: (path) => find(document, path) !== null };
}

function position({ file, lines }: ParsedYaml, node: Node | null): Position {
  const { line, col } = lines.linePos(node?.range?.[0] ?? 0);
  return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
}

interface Found {
  /** `null` for an item of a list. */
  readonly key: Node | null;
  readonly value: Node | null;
}

function find(document: Document, path: KeyPath): Found | null {
  let found: Found = { key: null, value: document.contents };
  for (const step of path) {
    const parent = resolved(document, found.value);
    const next = isSeq(parent) ? item(parent.items, step) : isMap(parent) ? entry(document, parent, step) : null;
    if (!next) return null;
    found = next;
  }
  return found;
}

function item(items: readonly unknown[], step: string | number): Found | null {
  const value = items[Number(step)];
  return isNode(value) ? { key: null, value } : null;
}

/** The entry of a map, its own or one that `<<` merges into it. */
function entry(document: Document, map: YAMLMap, step: string | number): Found | null {
  const pairs = map.items.filter((pair): pair is Pair<Node, Node | null> => isPair(pair) && isNode(pair.key));
  const own = pairs.find(({ key }) => !isMergeKey(key) && isScalar(key) && String(key.value) === String(step));
  if (own) return { key: own.key, value: own.value };
  for (const { value } of pairs.filter(({ key }) => isMergeKey(key))) {
    const sources: unknown[] = isSeq(value) ? value.items : [value];
    for (const source of sources) {
      const parent = isNode(source) ? resolved(document, source) : null;
      const found = isMap(parent) ? entry(document, parent, step) : null;
      if (found) return found;
    }
  }
  return null;
}

function isMergeKey(key: Node): boolean {
  return isScalar(key) && key.source === '<<';
}

function resolved(document: Document, node: Node | null): Node | null {
  return isAlias(node) ? (node.resolve(document) ?? null) : node;
}
