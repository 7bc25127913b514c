/** A text as it reads once an escaping is undone: one character for each byte of UTF-8. */
export interface Reading {
  readonly bytes: string;
  /** Of each byte, where in the original its spelling begins and where it ends; absent: it is the original. */
  readonly origin?: { readonly from: Int32Array; readonly to: Int32Array };
}

/** What stands for something else in a text, and what it stands for. Never longer than its spelling. */
interface Escaping {
  readonly spelling: RegExp;
  readonly meaning: (...groups: string[]) => string;
}

const controls: Readonly<Record<string, string>> = {
  ...{ a: '\x07', b: '\b', e: '\x1b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' },
  // A line that goes on.
  '\n': '',
};

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/**
 * `\n`, `\"`, `\x1b`, `\033`, `\u00e9` and pairs of surrogates, as in JSON, C, Go, and the repr of Python and Node. The groups:
 * a pair, four, eight and two hexadecimal digits, three octal ones, any other character.
 */
const backslash = new RegExp(
  [
    String.raw`\\u([dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2})`,
    String.raw`\\u([\da-fA-F]{4})`,
    String.raw`\\U([\da-fA-F]{8})`,
    String.raw`\\x([\da-fA-F]{2})`,
    String.raw`\\([0-3][0-7]{2})`,
    String.raw`\\([^])`,
  ].join('|'),
  'g',
);

function backslashMeaning(byteOf: (code: number) => string) {
  return (...[pair, four, eight, two, octal, other = '']: string[]): string => {
    if (pair) return characters(...pair.split('\\u').map((unit) => parseInt(unit, 16)));
    if (four ?? eight) return characters(parseInt(four ?? eight ?? '', 16));
    if (two ?? octal) return byteOf(two ? parseInt(two, 16) : parseInt(octal ?? '', 8));
    return controls[other] ?? other;
  };
}

function percentMeaning(digits: string | undefined): string {
  return digits ? String.fromCharCode(parseInt(digits, 16)) : ' ';
}

/** How programs write a value. */
const escapings: readonly Escaping[] = [
  { spelling: /%([\da-f]{2})/gi, meaning: percentMeaning },
  // Forms and query strings.
  { spelling: /%([\da-f]{2})|\+/gi, meaning: percentMeaning },
  { spelling: backslash, meaning: backslashMeaning((code) => characters(code)) },
  // Bytes, as in Python's b'\xc3\xa9'.
  { spelling: backslash, meaning: backslashMeaning((code) => String.fromCharCode(code)) },
  {
    spelling: /&(?:#(\d{1,7})|#x([\da-f]{1,6})|(amp|lt|gt|quot|apos));/gi,
    meaning: (decimal, hexadecimal, name = '') =>
      entities[name.toLowerCase()] ?? characters(decimal ? Number(decimal) : parseInt(hexadecimal ?? '', 16)),
  },
  // A quote within a shell's quotes.
  { spelling: /'\\''|'"'"'/g, meaning: () => "'" },
  // SQL and YAML, CSV, Compose.
  { spelling: /''/g, meaning: () => "'" },
  { spelling: /""/g, meaning: () => '"' },
  { spelling: /\$\$/g, meaning: () => '$' },
  // Lines that are broken anywhere, and between words.
  { spelling: /[ \t]*\r?\n[ \t]*/g, meaning: () => '' },
  { spelling: /[ \t]*\r?\n[ \t]*/g, meaning: () => ' ' },
];

/**
 * All the ways in which a text can be read: itself, with one escaping undone, and with another one within it. Each that
 * differs comes once, so there are few of an ordinary text, and never more than 133.
 */
export function* readingsOf(text: string): Generator<Reading> {
  const seen = new Set<string>();
  const isNew = ({ bytes }: Reading): boolean => !seen.has(bytes) && seen.add(bytes) !== undefined;
  const original = { bytes: bytesOf(text) };
  const once = [original, ...escapings.map((escaping) => undo(original, escaping))].filter(isNew);
  yield* once;
  for (const reading of once.slice(1)) {
    for (const escaping of escapings) {
      const twice = undo(reading, escaping);
      if (isNew(twice)) yield twice;
    }
  }
}

/** Text in UTF-8, one character for each byte. */
export function bytesOf(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** The reverse of {@link bytesOf}. */
export function textOf(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString();
}

/** Of UTF-16 units or code points. One that no text can have reads as `?`. */
function characters(...codes: number[]): string {
  return codes.every((code) => code <= 0x10ffff) ? bytesOf(String.fromCodePoint(...codes)) : '?';
}

function undo(reading: Reading, { spelling, meaning }: Escaping): Reading {
  const { bytes, origin } = reading;
  if (bytes.search(spelling) < 0) return reading;
  const from = new Int32Array(bytes.length);
  const to = new Int32Array(bytes.length);
  const pieces: string[] = [];
  let length = 0;
  /** Of all that a spelling means, the place is the whole spelling. */
  const write = (piece: string, start: number, end: number): void => {
    pieces.push(piece);
    for (let rest = piece.length; rest > 0; rest--, length++) {
      from[length] = origin ? (origin.from[start] ?? 0) : start;
      to[length] = origin ? (origin.to[end - 1] ?? 0) : end;
    }
  };
  let at = 0;
  const copyUntil = (end: number): void => {
    pieces.push(bytes.slice(at, end));
    for (; at < end; at++, length++) {
      from[length] = origin ? (origin.from[at] ?? 0) : at;
      to[length] = origin ? (origin.to[at] ?? 0) : at + 1;
    }
  };
  for (const match of bytes.matchAll(spelling)) {
    copyUntil(match.index);
    at += match[0].length;
    write(meaning(...match.slice(1)), match.index, at);
  }
  copyUntil(bytes.length);
  return { bytes: pieces.join(''), origin: { from, to } };
}
