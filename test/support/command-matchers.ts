import { expect } from 'vitest';
import type { Ran } from './playground.js';

declare module 'vitest' {
  interface Matchers {
    /** A command ended with this code; when it did not, the message holds what it printed. */
    toEndWith(code: number): void;
  }
}

expect.extend({
  toEndWith({ code, out }: Ran, wanted: number) {
    const message = () => `the command was to end with ${wanted} and ended with ${code}; it printed:\n${out}`;
    return { pass: code === wanted, message, actual: code, expected: wanted };
  },
});
