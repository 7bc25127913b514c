import { expect, test } from 'vitest';
import { lineDiff } from '../../src/cli/line-diff.js';
import { wholeNumbers } from '../support/random.js';
import { someSeed } from '../support/random-values.js';

test('says of each line whether it stays, goes or comes', () => {
  expect(lineDiff('a\nb\nc\n', 'a\nx\nc\nd\n')).toEqual(['  a', '- b', '+ x', '  c', '+ d']);
  expect(lineDiff('', 'a\n')).toEqual(['+ a']);
  expect(lineDiff('a\n', '')).toEqual(['- a']);
});

test('what stays and goes is the one text, what stays and comes the other, whatever they are', () => {
  const random = wholeNumbers(someSeed());
  const text = (): string => Array.from({ length: random(12) }, () => 'abc'[random(3)]).join('\n');
  for (let round = 0; round < 500; round += 1) {
    const [before, after] = [text(), text()];
    const of = (marks: string): string =>
      lineDiff(before, after)
        .filter((line) => marks.includes(line[0] ?? '?'))
        .map((line) => line.slice(2))
        .join('\n');
    expect([of(' -'), of(' +')]).toEqual([before, after].map((one) => one.replace(/\n$/, '')));
  }
});
