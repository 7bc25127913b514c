import { randomInt } from 'node:crypto';
import pico from 'picocolors';

/**
 * Tells the colours that pointsman sets from those that stand in foreign text. It is made anew by each process and goes
 * into every sequence until {@link terminalText} takes it out, so that whoever writes a log or a reason cannot know it.
 */
const mark = randomInt(1_000_000_000, 10_000_000_000);

/** A colour of ours on its way to the terminal; it catches the code. */
export const ownColour = new RegExp(`\\x1b\\[${mark};(\\d+)m`);

function set(code: number): string {
  return `\x1b[${mark};${code}m`;
}

function paint(open: number, close: number) {
  return (text: string): string =>
    // What is painted inside ends its own colour with the same code: the outer one goes on.
    pico.isColorSupported ? `${set(open)}${text.replaceAll(set(close), set(open))}${set(close)}` : text;
}

/** The colours of pointsman's own words, where picocolors finds that they are wanted. Only `terminalText` makes them real. */
export const pc = {
  bold: paint(1, 22),
  dim: paint(2, 22),
  red: paint(31, 39),
  green: paint(32, 39),
  yellow: paint(33, 39),
  cyan: paint(36, 39),
};

const colours = /\x1b\[([\d;]*)m/g;

/** Colours, bold, dim, italic, underlined and their ends. Not black, backgrounds, reverse or concealed: these can hide text. */
const harmless = /^0?(?:[0-4]|2[2-4]|3[1-79]|9[0-7])?$/;

const atTerminal = process.stdout.isTTY === true && pico.isColorSupported;

/**
 * Lines that a program of the app's own wrote, as a person may see them. A carriage return begins another line, so that
 * nothing is painted over.
 *
 * @param options.keepColours with which each line ends its own; else they are dropped. Default: at a terminal.
 */
export function appLines(written: readonly string[], { keepColours = atTerminal } = {}): string[] {
  return written.flatMap(splitAtReturns).map((line) => {
    if (!keepColours || !line.includes('\x1b[')) return line.replace(colours, '');
    return `${line.replace(colours, (_, codes: string) => adopted(codes))}${set(0)}`;
  });
}

/** A line that is only ended, or painted over at once, is one. */
function splitAtReturns(line: string): string[] {
  const parts = line.split(/[\r\n]+/).filter((part) => part !== '');
  return parts.length > 0 ? parts : [''];
}

/** As colours of ours; what could hide text is left out. */
function adopted(codes: string): string {
  const parts = codes.split(';');
  return parts.every((code) => harmless.test(code)) ? parts.map((code) => set(Number(code))).join('') : '';
}
