import { SshError } from '../error.js';

/** One line of a file as ssh_config(5) describes it: a keyword and its values. */
export interface ConfigLine {
  /** In lower case. */
  readonly keyword: string;
  /** The keyword as it is written. */
  readonly written: string;
  /** At least one. */
  readonly values: readonly string[];
  /** Where it stands, as `ssh` itself says it: `/home/ada/.ssh/config line 3`. */
  readonly place: string;
}

/**
 * The lines of such a file, without comments and empty ones.
 *
 * @throws {SshError} `usage` at a line without a value, or with a quote that does not end; `ssh` refuses both.
 */
export function configLines(text: string, path: string): ConfigLine[] {
  return text.split('\n').flatMap((line, index) => {
    const place = `${path} line ${index + 1}`;
    const [, written, rest] = /^\s*([^\s=#]+)(?:\s*=\s*|\s+|$)(.*?)\s*$/s.exec(line) ?? [];
    if (written === undefined || rest === undefined) return [];
    const values = splitWords(rest);
    if (values === null) throw new SshError('usage', `${place}: the quote after ${written} does not end.`);
    if (values.length === 0) throw new SshError('usage', `${place}: ${written} has no value.`);
    return [{ keyword: written.toLowerCase(), written, values, place }];
  });
}

/**
 * Words apart, by the rules of `ssh`: in single or double quotes a word may hold spaces, a backslash takes the meaning
 * of a quote, of another backslash and, outside of quotes, of a space; a word that begins with `#` begins a comment.
 *
 * @returns `null` when a quote does not end.
 */
function splitWords(text: string): string[] | null {
  const words: string[] = [];
  let word: string | null = null;
  let quote: string | null = null;
  for (const [piece] of text.matchAll(/\\['"\\ ]|./gs)) {
    const escaped = piece.length === 2 && !(quote && piece === '\\ ');
    if (escaped) word = (word ?? '') + piece.slice(1);
    else if (quote === null && /^\s$/.test(piece)) {
      if (word !== null) words.push(word);
      word = null;
    } else if (quote === null && word === null && piece === '#') return words;
    else if (quote === null && /^['"]$/.test(piece)) [quote, word] = [piece, word ?? ''];
    else if (piece === quote) quote = null;
    else word = (word ?? '') + piece;
  }
  if (quote !== null) return null;
  return word === null ? words : [...words, word];
}
