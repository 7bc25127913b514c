/** One directive, as nginx reads it: quotes are gone, and what they kept together is one argument. */
export interface Directive {
  readonly name: string;
  readonly args: readonly string[];
  readonly file: string;
  /** Where it begins; from 1. */
  readonly line: number;
  /** What stands between its braces; `null` where it ends with a semicolon. */
  readonly block: readonly Directive[] | null;
  /** The `include` directives that have brought it to where it stands, the outermost first; absent: none, or not known. */
  readonly via?: readonly Directive[];
}

/** A text that nginx would refuse. */
export class NginxSyntaxError extends Error {
  override readonly name = 'NginxSyntaxError';

  constructor(problem: string, { file, line }: Pick<Directive, 'file' | 'line'>) {
    super(`${file}:${line}: ${problem}`);
  }
}

/** Deeper than anybody writes, and far from the end of the stack. */
const deepest = 100;

/**
 * Reads a config by nginx's own rules (`ngx_conf_read_token`): quotes count only where a word begins, a `#` too, a backslash
 * keeps the next character, and `${name}` is a part of its word.
 *
 * @throws {NginxSyntaxError} where a quote or a block has no end, or ends nothing.
 */
export function parseNginx(text: string, file: string): Directive[] {
  return new Parser(new Tokens(text, file)).block(0);
}

type Token =
  | { readonly kind: 'word'; readonly text: string; readonly line: number }
  | { readonly kind: '{' | '}' | ';' | 'end'; readonly line: number };

class Parser {
  private readonly tokens: Tokens;

  constructor(tokens: Tokens) {
    this.tokens = tokens;
  }

  /** The directives up to the end of the block, or of the text at depth 0. */
  block(depth: number): Directive[] {
    if (depth > deepest) throw this.tokens.error(`blocks are nested more than ${deepest} deep`);
    const directives: Directive[] = [];
    for (;;) {
      const first = this.tokens.next();
      if (first.kind === 'end' && depth > 0) throw this.tokens.error('a block has no end: "}" is missing');
      if (first.kind === '}' && depth === 0) throw this.tokens.error('"}" ends no block');
      if (first.kind === 'end' || first.kind === '}') return directives;
      if (first.kind !== 'word') throw this.tokens.error(`"${first.kind}" follows nothing`);
      directives.push(this.directive(first.text, first.line, depth));
    }
  }

  private directive(name: string, line: number, depth: number): Directive {
    const { file } = this.tokens;
    const args: string[] = [];
    for (;;) {
      const token = this.tokens.next();
      if (token.kind === 'word') args.push(token.text);
      else if (token.kind === ';') return { name, args, file, line, block: null };
      else if (token.kind !== '{') throw this.tokens.error(`"${name}" has no end: ";" is missing`);
      else if (name.endsWith('_by_lua_block'))
        return { name, args: [...args, this.tokens.verbatim()], file, line, block: null };
      else return { name, args, file, line, block: this.block(depth + 1) };
    }
  }
}

class Tokens {
  readonly file: string;
  private readonly text: string;
  private at = 0;
  private line = 1;

  constructor(text: string, file: string) {
    this.text = text;
    this.file = file;
  }

  error(problem: string): NginxSyntaxError {
    return new NginxSyntaxError(problem, { file: this.file, line: this.line });
  }

  next(): Token {
    this.skipBlanks();
    const { line } = this;
    const first = this.text[this.at];
    if (first === undefined) return { kind: 'end', line };
    if (first === '{' || first === '}' || first === ';') {
      this.at += 1;
      return { kind: first, line };
    }
    const text = first === '"' || first === "'" ? this.quoted(first) : this.word();
    return { kind: 'word', text, line };
  }

  /** What stands between braces, as it is; the opening one is read already. Braces in it are counted. */
  verbatim(): string {
    const from = this.at;
    for (let open = 1; open > 0;) {
      const character = this.take();
      if (character === '{') open += 1;
      if (character === '}') open -= 1;
    }
    return this.text.slice(from, this.at - 1);
  }

  private skipBlanks(): void {
    for (; this.at < this.text.length; this.at += 1) {
      const character = this.text[this.at] ?? '';
      if (character === '#') {
        const end = this.text.indexOf('\n', this.at);
        this.at = end < 0 ? this.text.length : end;
      }
      if (this.text[this.at] === '\n') this.line += 1;
      else if (!/\s/.test(character) && character !== '#') return;
    }
  }

  private take(): string {
    const character = this.text[this.at];
    if (character === undefined) throw this.error('the text ends in the middle of a directive');
    this.at += 1;
    if (character === '\n') this.line += 1;
    return character;
  }

  private quoted(quote: string): string {
    this.at += 1;
    let word = '';
    for (;;) {
      const character = this.take();
      if (character === quote) break;
      word += character === '\\' ? escaped(this.take()) : character;
    }
    if (!/^(?:[\s;{)]|$)/.test(this.text.slice(this.at, this.at + 1)))
      throw this.error('a word follows a quote at once');
    return word;
  }

  private word(): string {
    let word = '';
    while (!/^(?:[\s;]|$)/.test(this.text[this.at] ?? '')) {
      const character = this.take();
      if (character === '\\') word += escaped(this.take());
      else if (character === '$' && this.text[this.at] === '{') word += `$${this.variable()}`;
      else if (character === '{') {
        this.at -= 1;
        break;
      } else word += character;
    }
    return word;
  }

  /** `{name}` of a variable: its braces are no block. */
  private variable(): string {
    const from = this.at;
    while (this.take() !== '}');
    return this.text.slice(from, this.at);
  }
}

/** What nginx makes of a backslash and a character: itself for quotes and backslashes, a control for t, r and n, else both. */
function escaped(character: string): string {
  if (character === '"' || character === "'" || character === '\\') return character;
  return { t: '\t', r: '\r', n: '\n' }[character] ?? `\\${character}`;
}
