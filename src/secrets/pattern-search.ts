/** Bytes to look for, one character for each byte, and how far around them an occurrence reaches. */
export interface Pattern {
  readonly bytes: string;
  /** Characters before and after that belong to it whatever they are. Default: 0. */
  readonly before?: number;
  readonly after?: number;
}

/** An occurrence, from its first character to the one after its last. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

interface Reach {
  /** From the start of an occurrence to the end of its pattern; 0 where no pattern ends. */
  readonly before: number;
  readonly after: number;
}

const nothing: Reach = { before: 0, after: 0 };

/**
 * Looks for many patterns at once, in one pass: the time grows with the text, whatever the patterns are and however many
 * (A. V. Aho and M. J. Corasick, "Efficient string matching", Communications of the ACM 18, 1975).
 *
 * A state stands for the longest beginning of a pattern that the text ends with so far; state 0 for none.
 */
export class PatternSearch {
  /** The next state, by state and byte; that of state 0, where most of a text is, by byte alone. */
  private readonly next = new Map<number, number>();
  private readonly first = new Int32Array(256);
  /** Of each state, the one to go on from where no pattern continues: that of its longest end that begins a pattern. */
  private readonly fallback: number[] = [0];
  /** Of each state, the furthest that an occurrence reaches that ends here. */
  private readonly reach: Reach[] = [nothing];

  constructor(patterns: readonly Pattern[]) {
    const levels: Edge[][] = [];
    for (const pattern of patterns) if (pattern.bytes !== '') this.add(pattern, levels);
    // A fallback is a shorter beginning, so its own is known by then.
    for (const edge of levels.flat()) this.link(edge);
  }

  /** Every place where a pattern occurs, in order of their ends; of several that end together, the longest. */
  occurrences(text: string): Range[] {
    const found: Range[] = [];
    let state = 0;
    for (let at = 0; at < text.length; at++) {
      state = this.step(state, text.charCodeAt(at));
      const { before, after } = this.reach[state] ?? nothing;
      const end = at + 1;
      if (before > 0) found.push({ from: Math.max(0, end - before), to: Math.min(text.length, end + after) });
    }
    return found;
  }

  private add({ bytes, before = 0, after = 0 }: Pattern, levels: Edge[][]): void {
    let state = 0;
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes.charCodeAt(at);
      let to = state === 0 ? this.first[byte] : this.next.get(state * 256 + byte);
      // No step leads back to state 0.
      if (!to) {
        to = this.reach.push(nothing) - 1;
        this.fallback.push(0);
        if (state === 0) this.first[byte] = to;
        else this.next.set(state * 256 + byte, to);
        (levels[at] ??= []).push({ from: state, byte, to });
      }
      state = to;
    }
    this.reach[state] = furthest(this.reach[state], { before: bytes.length + before, after });
  }

  private link({ from, byte, to }: Edge): void {
    const fallback = from === 0 ? 0 : this.step(this.fallback[from] ?? 0, byte);
    this.fallback[to] = fallback;
    this.reach[to] = furthest(this.reach[to], this.reach[fallback]);
  }

  private step(from: number, byte: number): number {
    let state = from;
    while (state !== 0) {
      const to = this.next.get(state * 256 + byte);
      if (to !== undefined) return to;
      state = this.fallback[state] ?? 0;
    }
    return this.first[byte] ?? 0;
  }
}

/** One step from a state to the next. */
interface Edge {
  readonly from: number;
  readonly byte: number;
  readonly to: number;
}

function furthest(one: Reach = nothing, other: Reach = nothing): Reach {
  if (other === nothing) return one;
  return { before: Math.max(one.before, other.before), after: Math.max(one.after, other.after) };
}
