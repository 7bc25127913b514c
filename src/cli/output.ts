import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { createLogUpdate } from 'log-update';
import { terminalText } from './terminal-text.js';

/** The only printer. Results go to standard output, everything else to standard error. */
export interface Output {
  /** A live line can be redrawn: a terminal, not a CI log. */
  readonly live: boolean;
  /** Somebody is there to be asked. */
  readonly asks: boolean;
  print(text: string): void;
  note(text: string): void;
  /** Redraws the lines below what was printed; nothing where there is no terminal. */
  redraw(text: string): void;
  /** Asks the person at the terminal; `null` where there is none, and an empty answer when it was closed. */
  ask(question: string): Promise<string | null>;
}

/** To standard output, with what others wrote made harmless ({@link terminalText}). */
export function writeOut(text: string): void {
  process.stdout.write(terminalText(text));
}

/** To standard error, as {@link writeOut}. */
export function writeError(text: string): void {
  process.stderr.write(terminalText(text));
}

export function terminalOutput(): Output {
  const live = process.stdout.isTTY === true && !process.env['CI'];
  const update = createLogUpdate(process.stdout);
  return {
    live,
    asks: process.stdin.isTTY === true,
    print: (text) => {
      if (live) update.clear();
      writeOut(`${text}\n`);
    },
    note: (text) => {
      if (live) update.clear();
      writeError(`${text}\n`);
    },
    redraw: (text) => {
      if (live) update(terminalText(text));
    },
    ask,
  };
}

async function ask(question: string): Promise<string | null> {
  if (!process.stdin.isTTY) return null;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    // A terminal that goes away closes it, and then the question is never answered.
    return await Promise.race([terminal.question(terminalText(question)), once(terminal, 'close').then(() => '')]);
  } catch (error) {
    // Ctrl-C or Ctrl-D.
    if ((error as Error).name === 'AbortError') return '';
    throw error;
  } finally {
    terminal.close();
  }
}
