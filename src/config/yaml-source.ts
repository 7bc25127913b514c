import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node, type Pair } from 'yaml';
import type { Problem } from './problems.js';

export type KeyPath = readonly (string | number)[];
type Finding = Pick<Problem, 'message' | 'fix'>;

/** A YAML file with its values and the place of each of them. */
export class YamlSource {
  /** As the person named it. */
  readonly file: string;
  /** The values, with anchors and merge keys resolved; meaningless when there are syntax problems. */
  readonly value: unknown;
  readonly syntaxProblems: readonly Problem[];
  private readonly document: Document;
  private readonly lines = new LineCounter();

  constructor(file: string, text: string) {
    this.file = file;
    this.document = parseDocument(text, { lineCounter: this.lines, merge: true, prettyErrors: false });
    this.syntaxProblems = this.document.errors.map(({ code, message, pos }) =>
      this.problemAtOffset(pos[0], code === 'DUPLICATE_KEY' ? duplicateKey : notYaml(message)),
    );
    this.value = this.syntaxProblems.length === 0 ? this.document.toJS() : null;
  }

  has(path: KeyPath): boolean {
    return this.offsetOf(path) !== null;
  }

  /** A problem at a key, or where there is no such key at the nearest one around it. */
  problem(path: KeyPath, finding: Finding): Problem {
    for (let length = path.length; length > 0; length--) {
      const offset = this.offsetOf(path.slice(0, length));
      if (offset !== null) return this.problemAtOffset(offset, finding);
    }
    return this.problemAtOffset(0, finding);
  }

  private offsetOf(path: KeyPath): number | null {
    let node: Node | null = this.document.contents;
    let offset = 0;
    for (const key of path) {
      const child = childOf(this.resolved(node), key);
      if (!child) return null;
      offset = child.offset;
      node = child.node;
    }
    return offset;
  }

  private resolved(node: Node | null): Node | null {
    return isAlias(node) ? (node.resolve(this.document) ?? null) : node;
  }

  private problemAtOffset(offset: number, { message, fix }: Finding): Problem {
    const { line, col } = this.lines.linePos(offset);
    return { file: this.file, line: Math.max(line, 1), column: Math.max(col, 1), message, fix };
  }
}

interface Child {
  readonly node: Node | null;
  readonly offset: number;
}

function childOf(node: Node | null, key: string | number): Child | null {
  if (isSeq(node) && typeof key === 'number') {
    const item = node.items[key] as Node | undefined;
    return item ? { node: item, offset: startOf(item) } : null;
  }
  if (!isMap(node)) return null;
  const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key)) as
    Pair<Node, Node | null> | undefined;
  return pair ? { node: pair.value, offset: startOf(pair.key) } : null;
}

function startOf(node: Node): number {
  return node.range?.[0] ?? 0;
}

const duplicateKey: Finding = { message: 'this key is there twice', fix: 'keep one of the two' };

function notYaml(message: string): Finding {
  return { message: `not YAML: ${firstSentence(message)}`, fix: 'check indentation, colons and quotes here' };
}

function firstSentence(message: string): string {
  const line = message.split('\n')[0] ?? message;
  return line.charAt(0).toLowerCase() + line.slice(1).replace(/[.:]$/, '');
}
