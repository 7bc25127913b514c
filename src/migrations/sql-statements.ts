import type { Span } from './problem.js';

/** One statement, without its semicolon and without the comments around it. */
export interface SqlStatement extends Span {
  /** Its first words in upper case, at most four: with them SQLite decides what it is. */
  readonly words: readonly string[];
}

export interface SqlScript {
  readonly statements: readonly SqlStatement[];
  readonly comments: readonly Span[];
}

type TokenKind = 'blank' | 'comment' | 'word' | 'quoted' | 'end' | 'other';

interface Token extends Span {
  readonly kind: TokenKind;
}

/** SQLite's own tokens, as far as a statement's end depends on them. What is not closed goes on to the end of the text. */
const tokens: readonly (readonly [TokenKind, RegExp])[] = [
  ['blank', /\s+/y],
  ['comment', /--[^\n]*|\/\*[^]*?(?:\*\/|$(?![^]))/y],
  [
    'quoted',
    /'[^']*(?:''[^']*)*(?:'|$(?![^]))|"[^"]*(?:""[^"]*)*(?:"|$(?![^]))|`[^`]*(?:``[^`]*)*(?:`|$(?![^]))|\[[^\]]*(?:\]|$(?![^]))/y,
  ],
  ['word', /[\p{L}_\u0080-\uFFFF][\p{L}\p{N}_$\u0080-\uFFFF]*/uy],
  ['end', /;/y],
  ['other', /[^]/y],
];

/** Splits a script where SQLite does: strings, comments and the bodies of triggers keep their semicolons. */
export function splitSql(text: string): SqlScript {
  const statements: SqlStatement[] = [];
  const comments: Span[] = [];
  let statement: Token[] = [];
  const close = (): void => {
    if (statement.length > 0) statements.push(statementOf(text, statement));
    statement = [];
  };
  for (const token of tokensOf(text)) {
    if (token.kind === 'comment') comments.push(token);
    else if (token.kind === 'end' && !isInsideTrigger(text, statement)) close();
    else if (token.kind !== 'blank') statement.push(token);
  }
  close();
  return { statements, comments };
}

function* tokensOf(text: string): Generator<Token> {
  let from = 0;
  while (from < text.length) {
    const token = tokenAt(text, from);
    yield token;
    from = token.to;
  }
}

function tokenAt(text: string, from: number): Token {
  for (const [kind, pattern] of tokens) {
    pattern.lastIndex = from;
    const { length } = pattern.exec(text)?.[0] ?? '';
    if (length > 0) return { kind, from, to: from + length };
  }
  return { kind: 'other', from, to: from + 1 };
}

function statementOf(text: string, statement: readonly Token[]): SqlStatement {
  const [first, last] = [statement[0], statement.at(-1)];
  return { from: first?.from ?? 0, to: last?.to ?? 0, words: wordsOf(text, statement) };
}

function wordsOf(text: string, statement: readonly Token[]): string[] {
  const begin = statement.slice(0, 4);
  const other = begin.findIndex(({ kind }) => kind !== 'word');
  return (other === -1 ? begin : begin.slice(0, other)).map(({ from, to }) => text.slice(from, to).toUpperCase());
}

/** As `sqlite3_complete` decides it: a trigger ends with `; END`, whatever other END there is in it. */
function isInsideTrigger(text: string, statement: readonly Token[]): boolean {
  if (!/^(EXPLAIN (QUERY PLAN )?)?CREATE (TEMP |TEMPORARY )?TRIGGER\b/.test(startOf(text, statement))) return false;
  const [before, last] = statement.slice(-2);
  return !(last && before?.kind === 'end' && text.slice(last.from, last.to).toUpperCase() === 'END');
}

function startOf(text: string, statement: readonly Token[]): string {
  return statement
    .slice(0, 6)
    .map(({ from, to }) => text.slice(from, to).toUpperCase())
    .join(' ');
}
