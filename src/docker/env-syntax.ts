/**
 * The syntax of Compose's env files, by the rules of Compose's own reader (compose-spec/compose-go, `dotenv/parser.go`).
 * The same file is read alike as `--env-file` of a project and as `env_file` of a service.
 */

/** One variable that an env file sets. */
export interface EnvVariable {
  readonly name: string;
  /** Without quotes and escapes. A reference to another variable (`${OTHER}`) stands as it is written. */
  readonly value: string;
  /** Where it begins, from 1. */
  readonly line: number;
  /** The value before its references are resolved, with `$$` for a dollar; `null` in single quotes, which hold no reference. */
  readonly template: string | null;
}

/** What an env file sets, in order and up to the first problem. */
export interface ParsedEnvFile {
  readonly variables: readonly EnvVariable[];
  /** Why Compose refuses the file. Whether it can resolve all references is not looked at. */
  readonly problem: { readonly line: number; readonly kind: 'open-quote' | 'bad-name' } | null;
}

/** A line that sets a variable to exactly this value, which is any text without NUL. */
export function envLine(name: string, value: string): string {
  const escaped = value
    .replace(/[\\"$]/g, String.raw`\$&`)
    .replaceAll('\n', String.raw`\n`)
    .replaceAll('\r', String.raw`\r`);
  return `${name}="${escaped}"`;
}

/** Blank for Compose, and no line break. The only line break is `\n`. */
const blank = String.raw`[\t\v\f\r \u0085\u00a0]`;

const blanksAndComments = /(?:\p{White_Space}+|#[^\n]*)*/uy;

/** `NAME=` or `NAME:`; a name alone on its line takes the value from outside and sets nothing. */
const beginning = new RegExp(String.raw`(?:export[\t\f\r ]+${blank}*)?([^=:\n]*)(?:([=:])${blank}*|\n)`, 'y');

/** No space, though other blanks. */
const validName = /^[\p{L}\p{N}_.[\]\-\t\v\f\r\u0085\u00a0]*$/u;

/** In quotes a backslash keeps the character after it from being the end. */
const quotedValue = /(["'])((?:\\[^]|(?!\1)[^\\])*)\1/y;
const plainValue = /(?!["'])([^\n]*)\n/y;

export function parseEnvFile(text: string): ParsedEnvFile {
  const variables: EnvVariable[] = [];
  // An editor may have put a byte order mark first.
  const cursor = new Cursor(`${text.replace(/^\uFEFF/, '')}\n`);
  for (cursor.take(blanksAndComments); !cursor.atEnd; cursor.take(blanksAndComments)) {
    const { line } = cursor;
    const [, written = '', assigned] = cursor.take(beginning) ?? [];
    const name = trimEnd(written);
    if (!validName.test(name)) return { variables, problem: { line, kind: 'bad-name' } };
    if (assigned === undefined) continue;
    const value = takeValue(cursor);
    if (value === null) return { variables, problem: { line, kind: 'open-quote' } };
    variables.push({ name, line, ...value });
  }
  return { variables, problem: null };
}

/** `null` where a quote is not closed. */
function takeValue(cursor: Cursor): Pick<EnvVariable, 'value' | 'template'> | null {
  const plain = cursor.take(plainValue);
  if (plain) return ofTemplate(trimEnd((plain[1] ?? '').replace(/ #.*$/s, '')));
  const [, quote, inside = ''] = cursor.take(quotedValue) ?? [];
  if (quote === undefined) return null;
  return quote === '"'
    ? ofTemplate(unescaped(inside))
    : { value: inside.replaceAll(String.raw`\'`, "'"), template: null };
}

function ofTemplate(template: string): Pick<EnvVariable, 'value' | 'template'> {
  return { value: template.replaceAll('$$', () => '$'), template };
}

const escapes: Readonly<Record<string, string>> = {
  ...{ a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' },
  ...{ '"': '"', '\\': '\\', $: '$$' },
};

/** Of what is in double quotes; a backslash before anything else stays. */
function unescaped(inside: string): string {
  return inside.replace(/\\(?:0(\d{0,3})|([abfnrtv"\\$]))/g, (_, digits: string | undefined, letter: string) => {
    if (digits === undefined) return escapes[letter] ?? '';
    return /^[0-3][0-7]{2}$/.test(digits) ? String.fromCharCode(parseInt(digits, 8)) : `\\${digits}`;
  });
}

function trimEnd(text: string): string {
  return text.replace(/\p{White_Space}+$/u, '');
}

/** A place in a text that moves on with what is taken. */
class Cursor {
  line = 1;
  private at = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  get atEnd(): boolean {
    return this.at === this.text.length;
  }

  /** @param pattern sticky. */
  take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found === null) return null;
    this.at = pattern.lastIndex;
    this.line += found[0].split('\n').length - 1;
    return found;
  }
}
