/** Colours that pointsman itself uses, and the end of those of an app's line. */
const ownColours = /\x1b\[(?:0|1|2|22|3[1-79]|9[0-7])m/g;

/** What no edge lets through: Unicode's controls and invisible characters, but for tab, newline and what emoji need. */
const acting =
  /(?![\t\n\u200c\u200d\ufe0e\ufe0f])[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Default_Ignorable_Code_Point}]/u;

/** What the runners of GitHub, Azure and TeamCity take for a command: they trim a line first, and look for `##` anywhere. */
function isCommand(line: string): boolean {
  return line.trim().startsWith('::') || /##\w*\[/.test(line);
}

/** What of a text would act on its reader: the first control, and lines that are commands. Empty: it is harmless. */
export function whatActs(shown: string): string[] {
  const plain = shown.replaceAll(ownColours, '');
  return [...(acting.exec(plain) ?? []), ...plain.split('\n').filter(isCommand)];
}

/** What was written out, as it was before. */
export function readBack(shown: string): string {
  return shown
    .replaceAll(/\\x([0-9a-f]{2})|\\u([0-9a-f]{4})|\\u\{([0-9a-f]+)\}/g, (_, ...codes: (string | undefined)[]) =>
      String.fromCodePoint(Number.parseInt(codes.find((code) => code !== undefined) ?? '', 16)),
    )
    .replaceAll(/^(\s*)\\(?=::)/gm, '$1')
    .replaceAll(/#\\(?=#\w*\[)/g, '#');
}

const pieces = [
  ...['\x1b', '\x1b[', '\x1b]52;c;', '\x1b[31m', '\x1b[0m', '\x9b', '\r', '\r\n', '\n', '\t', '\0', '\x07', '\x7f'],
  ...['::', ' ::', '::error::', '##', '#', '[', '##[group]', 'vso[', '##vso[', 'section_start:1:x'],
  ...[
    '\u202e',
    '\u2066',
    '\u2028',
    '\u200b',
    '\ud83d',
    '\ude80',
    '🚀',
    'é',
    '日本',
    '\u00a0',
    '\u3000',
    '\\',
    '\u{e0041}',
  ],
  ...['release', ' ', 'v1.2', '"', "'", '|', '`', '*', '_', '<b>', '](', '![', 'https://', 'www.'],
];

/** Strings of pieces that act, of whole words and of any code unit. The same ones each time: a generator with a seed. */
export function randomStrings(count: number): string[] {
  let seed = 20261123;
  // Mulberry32.
  const below = (limit: number): number => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
  const piece = (): string =>
    below(5) === 0 ? String.fromCharCode(below(0x10000)) : (pieces[below(pieces.length)] ?? '');
  return Array.from({ length: count }, () => Array.from({ length: below(13) }, piece).join(''));
}
