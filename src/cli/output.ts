import { createLogUpdate } from 'log-update';

/** The only printer. Results go to standard output, everything else to standard error. */
export interface Output {
  /** A live line can be redrawn: a terminal, not a CI log. */
  readonly live: boolean;
  print(text: string): void;
  note(text: string): void;
  /** Redraws the lines below what was printed; nothing where there is no terminal. */
  redraw(text: string): void;
}

export function terminalOutput(): Output {
  const live = process.stdout.isTTY === true && !process.env['CI'];
  const update = createLogUpdate(process.stdout);
  return {
    live,
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
  };
}
