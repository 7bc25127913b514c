import { redactCredentials } from './credentials.js';
import { PatternSearch, type Pattern, type Range } from './pattern-search.js';
import { bytesOf, readingsOf, textOf, type Reading } from './readings.js';
import { marker } from './marker.js';
import { shortest } from './public-value.js';

/**
 * Replaces every secret value in a text with `[redacted]`, however programs write it (docs/preflight.md, "Secrets in logs"), and
 * credentials inside URLs and headers whether their value is known or not.
 *
 * The time grows with the text, not with the number of values.
 *
 * @param values of at least six characters; shorter ones would blank out ordinary words, and are left out.
 */
export function createRedactor(values: readonly string[]): (text: string) => string {
  const known = [...new Set(values.flatMap(printedAs))].filter(({ length }) => length >= shortest);
  const search = new PatternSearch(known.flatMap((value) => patternsOf(Buffer.from(value))));
  return (text) => redactCredentials(replaced(text, search));
}

/** Redacts lines of one output: a value may be broken by the end of a line, and the lines that it is on become one. */
export function redactLines(redact: (text: string) => string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : redact(lines.join('\n')).split('\n');
}

/** A value of several lines is printed line by line, as one line, or with spaces for the line breaks, too. */
function printedAs(value: string): string[] {
  const lines = value.split('\n').map((line) => line.trim());
  return [value, value.trim(), ...lines, lines.join(''), lines.join(' ').trim()];
}

/** A value as it is, in hexadecimal, and in both alphabets of base64, also as a part of something longer. */
function patternsOf(value: Buffer): Pattern[] {
  const hexadecimal = value.toString('hex');
  return [
    { bytes: value.toString('latin1') },
    { bytes: hexadecimal },
    { bytes: hexadecimal.toUpperCase() },
    ...[0, 1, 2].flatMap((preceding) => base64Patterns(value, preceding)),
  ];
}

/**
 * Base64 writes three bytes as four characters, so what comes before a value shifts its bits. Looked for are the characters
 * that hold nothing but the value; those at its ends that it shares with its neighbours belong to it too.
 *
 * @param preceding how many bytes of a group of three come before the value.
 */
function base64Patterns(value: Buffer, preceding: number): Pattern[] {
  const end = preceding + value.length;
  const encoded = Buffer.concat([Buffer.alloc(preceding), value]).toString('base64');
  const bytes = encoded.slice(Math.ceil((preceding * 4) / 3), Math.floor((end * 4) / 3));
  const shared = { before: preceding === 0 ? 0 : 1, after: end % 3 === 0 ? 0 : 1 };
  // At the end of what is encoded, padding follows.
  const last = encoded.slice(Math.ceil((preceding * 4) / 3));
  return [
    { bytes, ...shared },
    { bytes: last, before: shared.before },
  ].flatMap((pattern) => [pattern, { ...pattern, bytes: pattern.bytes.replaceAll('+', '-').replaceAll('/', '_') }]);
}

function replaced(text: string, search: PatternSearch): string {
  const found: Range[] = [];
  for (const reading of readingsOf(text)) {
    for (const range of search.occurrences(reading.bytes)) found.push(inOriginal(range, reading));
  }
  if (found.length === 0) return text;
  const bytes = bytesOf(text);
  const pieces: string[] = [];
  let at = 0;
  for (const { from, to } of joined(found)) {
    pieces.push(bytes.slice(at, from), marker);
    at = to;
  }
  return textOf([...pieces, bytes.slice(at)].join(''));
}

function inOriginal({ from, to }: Range, { origin }: Reading): Range {
  return origin ? { from: origin.from[from] ?? from, to: origin.to[to - 1] ?? to } : { from, to };
}

/** Those that overlap, as one. */
function joined(ranges: Range[]): Range[] {
  const whole: Range[] = [];
  for (const range of ranges.sort((one, other) => one.from - other.from)) {
    const last = whole.at(-1);
    if (last && range.from < last.to) whole[whole.length - 1] = { from: last.from, to: Math.max(last.to, range.to) };
    else whole.push(range);
  }
  return whole;
}
