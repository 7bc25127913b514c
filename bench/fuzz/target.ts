import { wholeNumbers } from '../../test/support/random.js';
import type { Next } from './mutate.js';

/** A part of pointsman that reads what others wrote. */
export interface Target {
  readonly name: string;
  /** Any text that it may meet. */
  input(next: Next): string;
  /** @throws nothing but errors of the product's own that say what is wrong with the input. */
  read(input: string): void | Promise<void>;
  /** Names of those errors. */
  readonly refuses: readonly string[];
}

/** What an input has shown to be wrong with the product. */
export interface Flaw {
  readonly target: string;
  readonly input: string;
  readonly problem: string;
}

/** What an input is made of: always the same for a seed and its number, whatever came before. */
export function numbersOf(seed: number, number: number): Next {
  return wholeNumbers((seed + Math.imul(number, 2654435761)) >>> 0);
}

/** Reads one input; `null` where it was read, or refused in the product's own words. */
export async function flawOf(target: Target, input: string): Promise<Flaw | null> {
  try {
    await target.read(input);
    return null;
  } catch (error) {
    const known = error instanceof Error && target.refuses.includes(error.name);
    if (known && isForPeople(error.message)) return null;
    const problem = error instanceof Error ? (error.stack ?? String(error)) : String(error);
    return { target: target.name, input, problem };
  }
}

/** Words of a runtime are none that tell a user what to do, whatever class they come in. */
function isForPeople(message: string): boolean {
  return (
    message.trim() !== '' &&
    !/^\s+at .+:\d+:\d+\)?$/m.test(message) &&
    !/Maximum call stack|is not a function|Cannot (read|set) propert|undefined is not/.test(message)
  );
}
