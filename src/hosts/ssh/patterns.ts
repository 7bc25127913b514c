import { matchesWildcards } from '../../model/wildcards.js';

/** Whether a text matches a pattern as OpenSSH knows it: `*` stands for anything, `?` for one character. */
export function matchesPattern(pattern: string, text: string): boolean {
  return matchesWildcards(pattern, text);
}

/** Whether a text matches one of some patterns, and none of those that begin with `!` (ssh_config(5), PATTERNS). */
export function matchesPatterns(patterns: readonly string[], text: string): boolean {
  const fits = (pattern: string): boolean => matchesPattern(pattern, text);
  if (patterns.some((pattern) => pattern.startsWith('!') && fits(pattern.slice(1)))) return false;
  return patterns.some((pattern) => !pattern.startsWith('!') && fits(pattern));
}
