import type { SyntaxNode } from '@lezer/common';

/** What a literal stands for, and where in the file each of its characters was written. */
export interface PythonLiteral {
  readonly text: string;
  /** One offset more than the text has characters: the last is the literal's end. */
  readonly offsets: readonly number[];
  /** All of it is written there: no `{…}` of an f-string, no `%s`. */
  readonly whole: boolean;
}

interface Parts {
  readonly source: string;
  readonly characters: string[];
  readonly offsets: number[];
  whole: boolean;
}

/** The text of a string literal; `null` for anything else, whose value only a run would tell. */
export function literalOf(node: SyntaxNode, source: string): PythonLiteral | null {
  const parts: Parts = { source, characters: [], offsets: [], whole: true };
  if (!addLiteral(node, parts)) return null;
  return { text: parts.characters.join(''), offsets: [...parts.offsets, node.to], whole: parts.whole };
}

function addLiteral(node: SyntaxNode, parts: Parts): boolean {
  if (node.name === 'ContinuedString') return childrenOf(node).every((child) => addLiteral(child, parts));
  if (node.name === 'ParenthesizedExpression') {
    return childrenOf(node)
      .filter(({ name }) => name !== '(' && name !== ')')
      .every((child) => addLiteral(child, parts));
  }
  // Comments between the parts of a continued string.
  if (node.name === 'Comment') return true;
  if (node.name !== 'String' && node.name !== 'FormatString') return false;
  return addString(node, parts);
}

function addString(node: SyntaxNode, parts: Parts): boolean {
  const written = parts.source.slice(node.from, node.to);
  const [all, prefix = '', quote = ''] = /^([a-z]*)("""|'''|"|')/i.exec(written) ?? [];
  if (all === undefined || /b/i.test(prefix)) return false;
  const end = written.length > all.length && written.endsWith(quote) ? node.to - quote.length : node.to;
  const raw = /r/i.test(prefix);
  let at = node.from + all.length;
  for (const replacement of childrenOf(node).filter(({ name }) => name === 'FormatReplacement')) {
    addCharacters(parts, { from: at, to: replacement.from, raw, braces: true });
    addUnknown(parts, replacement);
    at = replacement.to;
  }
  addCharacters(parts, { from: at, to: end, raw, braces: /f/i.test(prefix) });
  return true;
}

/** A name stands for what is put in: that fits wherever a name or a value does. */
function addUnknown(parts: Parts, { from }: SyntaxNode): void {
  for (const character of 'unknown') {
    parts.characters.push(character);
    parts.offsets.push(from);
  }
  parts.whole = false;
}

interface Written {
  readonly from: number;
  readonly to: number;
  readonly raw: boolean;
  /** `{{` stands for `{`. */
  readonly braces: boolean;
}

const escape = /\\(?:\r\n|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|N\{[^}]*\}|[0-7]{1,3}|[^])/iy;

function addCharacters(parts: Parts, { from, to, raw, braces }: Written): void {
  let at = from;
  while (at < to) {
    const [written, character] = characterAt(parts.source, at, { raw, braces });
    parts.characters.push(character);
    // A character beyond the BMP is two: both have a place.
    for (let unit = 0; unit < character.length; unit++) parts.offsets.push(at);
    at += written;
  }
}

/** How long it is as it is written, and what it stands for. */
function characterAt(source: string, at: number, how: Pick<Written, 'raw' | 'braces'>): [number, string] {
  const one = source[at] ?? '';
  if (how.braces && (one === '{' || one === '}') && source[at + 1] === one) return [2, one];
  if (how.raw || one !== '\\') return [1, one];
  escape.lastIndex = at;
  const written = escape.exec(source)?.[0] ?? one;
  return [written.length, escaped(written)];
}

const simple: Readonly<Partial<Record<string, string>>> = {
  '\\n': '\n',
  '\\r': '\r',
  '\\t': '\t',
  '\\\n': '',
  '\\\r\n': '',
  '\\r\n': '',
  "\\'": "'",
  '\\"': '"',
  '\\\\': '\\',
};

function escaped(written: string): string {
  const known = simple[written];
  if (known !== undefined) return known;
  if (/^\\[xuU]/.test(written)) return codePoint(parseInt(written.slice(2), 16));
  if (/^\\[0-7]/.test(written)) return codePoint(parseInt(written.slice(1), 8));
  // A character by its name is never a part of a keyword; an unknown escape stands for itself.
  return written.startsWith('\\N{') ? '?' : written;
}

function codePoint(code: number): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : '?';
}

export function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child; child = child.nextSibling) children.push(child);
  return children;
}
