import { findCommits } from '../../src/migrations/find-commits.js';

/** What is found in a text, as `line:column rule`. */
export function found(name: `m.${'sql' | 'py'}`, text: string, allow: readonly string[] = []): string[] {
  return findCommits({ path: name, text }, allow).map(({ line, column, rule }) => `${line}:${column} ${rule}`);
}
