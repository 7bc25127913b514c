import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { createLogUpdate } from 'log-update';

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

export function terminalOutput(): Output {
  const live = process.stdout.isTTY === true && !process.env['CI'];
  const update = createLogUpdate(process.stdout);
  return {
    live,
    asks: process.stdin.isTTY === true,
    print: (text) => {
      if (live) update.clear();
      process.stdout.write(`${text}\n`);
    },
    note: (text) => {
      if (live) update.clear();
      process.stderr.write(`${text}\n`);
    },
    redraw: (text) => {
      if (live) update(text);
    },
    ask,
  };
}

async function ask(question: string): Promise<string | null> {
  if (!process.stdin.isTTY) return null;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    // A terminal that goes away closes it, and then the question is never answered.
    return await Promise.race([terminal.question(question), once(terminal, 'close').then(() => '')]);
  } catch (error) {
    // Ctrl-C or Ctrl-D.
    if ((error as Error).name === 'AbortError') return '';
    throw error;
  } finally {
    terminal.close();
  }
}
