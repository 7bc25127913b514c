import type { Span } from './problem.js';

export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A text in which offsets have lines and columns. */
export class SourceText {
  readonly text: string;
  private readonly starts: readonly number[];

  constructor(text: string) {
    // A byte order mark is no part of what is written; in its place a blank keeps every offset.
    this.text = text.replace(/^\uFEFF/, ' ');
    this.starts = [0, ...[...this.text.matchAll(/\r\n|\n|\r/g)].map(({ 0: end, index }) => index + end.length)];
  }

  place(offset: number): Place {
    let low = 0;
    let high = this.starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (this.starts[low] ?? 0) + 1 };
  }

  /** Where a line begins. */
  offset(line: number): number {
    return this.starts[line - 1] ?? 0;
  }

  /** Is there nothing before this on its line? */
  beginsLine(offset: number): boolean {
    return this.text.slice(offset - this.place(offset).column + 1, offset).trim() === '';
  }

  /** On one line, cut to 60 characters. */
  excerpt({ from, to }: Span): string {
    const line = this.text
      .slice(from, Math.min(to, from + 500))
      .replaceAll(/\s+/g, ' ')
      .trim();
    return line.length > 60 ? `${line.slice(0, 59)}…` : line;
  }
}
