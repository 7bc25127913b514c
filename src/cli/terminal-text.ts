import { bracketCommand, visible, visibleJson } from '../model/foreign-text.js';
import { ownColour } from './colours.js';

/**
 * The one way of text to standard output and standard error, whether a person or a CI runner reads it. Only pointsman's own
 * colours still act; every other control is written out, and no line is a command to a runner: `::error::` becomes
 * `\::error::`, `##[group]` becomes `#\#[group]`. GitLab's `section_start:` acts only with the controls around it.
 *
 * Source of the rules: GitHub's runner trims a line and looks for `::` at its beginning, and for `##[` anywhere in it, as Azure's
 * does for `##vso[`.
 */
export function terminalText(text: string): string {
  // With its codes caught, every second part is one.
  const parts = text.split(ownColour).map((part, at) => (at % 2 === 1 ? `\x1b[${part}m` : visible(part)));
  return parts.join('').replace(leadingCommand, '$1\\').replace(bracketCommand, '#\\');
}

/** Blanks and colours before `::` at the beginning of a line. */
const leadingCommand = /^((?:\x1b\[\d+m|[^\S\n])*)(?=::)/gm;

/** A value as one line of `--json`: the same value, harmless where a terminal or a CI log shows it. */
export function jsonLine(value: unknown): string {
  return visibleJson(JSON.stringify(value));
}
