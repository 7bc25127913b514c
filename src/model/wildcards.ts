/**
 * Whether a text matches a pattern in which `*` stands for anything and `?` for one character. In a time that grows with both,
 * whatever is in the pattern: it may be somebody else's.
 */
export function matchesWildcards(wanted: string, given: string): boolean {
  // A character may be two units of a string.
  const [pattern, text] = [[...wanted], [...given]];
  let [at, position] = [0, 0];
  // Where the last `*` stands, and what it stands for ends; of several only the last one has to be thought over.
  let star = -1;
  let covered = 0;
  while (position < text.length) {
    if (pattern[at] === '*') {
      [star, covered] = [at, position];
      at += 1;
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === text[position])) {
      at += 1;
      position += 1;
    } else if (star >= 0) {
      covered += 1;
      [at, position] = [star + 1, covered];
    } else return false;
  }
  return pattern.slice(at).every((character) => character === '*');
}
