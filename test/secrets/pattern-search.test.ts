import { expect, test } from 'vitest';
import { PatternSearch } from '../../src/secrets/pattern-search.js';
import { wholeNumbers } from '../support/random.js';

/** What a search for one pattern after the other finds: the longest that ends at each place. */
function oneByOne(patterns: readonly string[], text: string) {
  return Array.from(text, (_, at) => {
    const ending = patterns.filter((pattern) => pattern !== '' && text.slice(0, at + 1).endsWith(pattern));
    return { from: at + 1 - Math.max(0, ...ending.map(({ length }) => length)), to: at + 1 };
  }).filter(({ from, to }) => from < to);
}

test('finds what a search for one pattern after the other finds', () => {
  const next = wholeNumbers(11);
  const word = (length: number) => Array.from({ length: next(length) }, () => 'ab'[next(2)]).join('');
  for (let round = 0; round < 500; round++) {
    const patterns = Array.from({ length: next(8) }, () => word(6));
    const text = word(60);
    const search = new PatternSearch(patterns.map((bytes) => ({ bytes })));
    expect(search.occurrences(text), `${patterns.join()} in ${text}`).toEqual(oneByOne(patterns, text));
  }
});

test('an occurrence reaches as far as its pattern says, and not out of the text', () => {
  const search = new PatternSearch([{ bytes: 'bcd', before: 1, after: 2 }, { bytes: 'cd' }]);
  expect(search.occurrences('abcdef')).toEqual([{ from: 0, to: 6 }]);
  expect(search.occurrences('bcd')).toEqual([{ from: 0, to: 3 }]);
});

test('without a pattern nothing is found', () => {
  expect(new PatternSearch([]).occurrences('text')).toEqual([]);
  expect(new PatternSearch([{ bytes: '' }]).occurrences('text')).toEqual([]);
});
