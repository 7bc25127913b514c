import { expect, test } from 'vitest';
import { envProblemOf } from '../../src/docker/env-problem.js';
import { envLine, parseEnvFile } from '../../src/docker/env-syntax.js';
import { randomValues, someSeed } from '../support/random-values.js';

test.each([
  ['an ordinary word', 'notes', 'A="notes"'],
  ['nothing', '', 'A=""'],
  ['a backslash at its end', 'C:\\', String.raw`A="C:\\"`],
  ['quotes and a dollar sign', `"it's" $5`, String.raw`A="\"it's\" \$5"`],
  ['several lines', 'a\r\nb\n', String.raw`A="a\r\nb\n"`],
])('a value with %s is one line', (_, value, line) => {
  expect(envLine('A', value)).toBe(line);
});

test('whatever values are, each is one line and is read back as it was', () => {
  const seed = someSeed();
  const values = randomValues(seed, 5000);
  const lines = values.map((value) => envLine('A', value));
  const { variables, problem } = parseEnvFile(lines.join('\n'));
  expect(
    variables.map(({ value }) => value),
    `POINTSMAN_TEST_SEED=${seed}`,
  ).toEqual(values);
  expect(variables.map(({ line }) => line)).toEqual(values.map((_, at) => at + 1));
  expect(problem).toBeNull();
});

test('what stands before an open quote is read, and the quote is told by the line on which it opens', () => {
  expect(parseEnvFile('A=1\nB="\n2"\nC="3\nD=4\n')).toMatchObject({
    variables: [
      { name: 'A', value: '1', line: 1 },
      { name: 'B', value: '\n2', line: 2 },
    ],
    problem: { line: 4, kind: 'open-quote' },
  });
});

test.each([
  ['that is none', 'A=\'${x\'\nB="a$${x"\nC="a${x"', 'Invalid template: "a${x"', { kind: 'bad-reference', line: 3 }],
  ['without a name', 'A="${A:-${B}}"\nB=${!x}', 'Invalid template: "${!x}"', { kind: 'bad-reference', line: 2 }],
  [
    'to what has no value',
    "A='${B?}'\nC=${B:?x}",
    'required variable B is missing a value: x',
    { kind: 'no-value', line: 2 },
  ],
  ['in a file that cannot be read', null, 'Invalid template: "${"', { kind: 'bad-reference', line: null }],
])('a reference %s is found where Compose refuses it', (_, text, said, problem) => {
  expect(envProblemOf(text, said)).toEqual(problem);
});

test('a refusal that nobody foresaw names the file only', () => {
  expect(envProblemOf('A=1', 'the moon is full: A=1')).toEqual({ kind: 'unknown', line: null });
});
