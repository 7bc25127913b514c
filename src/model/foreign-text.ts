/**
 * What must not reach a reader as it is: control characters, what turns the direction of writing (Unicode's
 * `Bidi_Control`), what no font shows (`Default_Ignorable_Code_Point`), separators that some readers take for a line's
 * end, and halves of surrogate pairs. Kept: tab and newline, and the joiners and variation selectors that scripts and emoji need.
 */
const unseen =
  /(?![\t\n\u200c\u200d\ufe0e\ufe0f])[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * Text that somebody else wrote (a line of a log, the name of a release, a reason), with everything that would act on its
 * reader or hide from him written out: `\x1b`, `\u202e`, `\u{e0041}`. A line that ends as on Windows ends as any other.
 */
export function visible(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(unseen, escape);
}

/** The same for what has one line to stand on, such as a name in a list: it cannot begin another one. */
export function visibleLine(text: string): string {
  return visible(text).replaceAll('\n', '\\x0a');
}

function escape(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code < 0x100) return `\\x${hex.padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`;
}

/** The first character of `##[group]`, `##vso[task.setvariable …]`, `##teamcity[…]`. A runner looks for them anywhere in a line. */
export const bracketCommand = /#(?=#\w*\[)/g;

/**
 * JSON of the same value, without anything in it that would act on whoever looks at it as text. JSON itself escapes only the
 * characters below U+0020 and halves of surrogate pairs. Nor does it hold what
 * {@link bracketCommand} finds.
 */
export function visibleJson(json: string): string {
  return json
    .replace(unseen, (character) => character.split('').map(unitEscape).join(''))
    .replace(bracketCommand, unitEscape);
}

function unitEscape(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
