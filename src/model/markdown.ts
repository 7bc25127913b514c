import { visible } from './foreign-text.js';

/**
 * Markdown for the Temporal UI, as a tagged template: the template's own words are Markdown, and everything that is put into
 * it is text, on one line. It shows no image, link, HTML, code or emphasis of its own, and begins no heading, list or quote.
 *
 * Source of the rules: CommonMark's backslash escapes, and what GitHub's dialect adds to it (`~`, `|`, bare addresses).
 */
export function markdown(own: TemplateStringsArray, ...foreign: readonly string[]): string {
  return String.raw({ raw: own }, ...foreign.map(asText));
}

/** Text as a code span, such as a header to copy; where something in it would act within one, as plain text. */
export function code(text: string): string {
  return /^[\w.:@/ -]+$/.test(text) ? `\`${text}\`` : asText(text);
}

/** What means something inside a line; `_` within a word does not. */
const inline = /[\\`*[\]<>&~|]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])|:(?=\/\/)|(?<=www)\./giu;

/** What begins a block: a heading, a list, a rule, the underline of a heading. And what a CI runner that shows it would obey. */
const leading = /^(\s*)([#+=-]|::)|^(\s*\d+)([.)])/;

function asText(text: string): string {
  const line = visible(text).replaceAll(/\s*\n\s*/g, ' ');
  return line.replace(inline, '\\$&').replace(leading, '$1$3\\$2$4');
}
