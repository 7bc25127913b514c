import { expect, test } from 'vitest';
import { baseOf, matchesPattern } from '../../src/migrations/glob.js';

test.each([
  ['app/migrations/*.py', 'app/migrations/0001.py', true],
  ['app/migrations/*.py', 'app/migrations/old/0001.py', false],
  ['app/migrations/*.py', 'app/migrations/0001_py', false],
  ['./app//migrations/*.py', 'app/migrations/0001.py', true],
  ['db/0001.sql', 'db/0001.sql', true],
  ['db/000?.sql', 'db/0002.sql', true],
  ['db/000?.sql', 'db/000/.sql', false],
  ['**/migrations/*.py', 'migrations/1.py', true],
  ['**/migrations/*.py', 'a/b/migrations/1.py', true],
  ['db/**', 'db/a/b/1.sql', true],
  ['db/**/*.sql', 'db/1.sql', true],
  ['db/**/*.sql', 'other/1.sql', false],
  ['d[b]+/(1).sql', 'd[b]+/(1).sql', true],
  ['d[b]/1.sql', 'db/1.sql', false],
  ['db/?.sql', 'db/🚂.sql', true],
])('%s and %s: %s', (pattern, path, matches) => {
  expect(matchesPattern(pattern, path)).toBe(matches);
});

test('a pattern that a regular expression would think over for ever is told at once', () => {
  expect(matchesPattern(`db/${'*a'.repeat(40)}!`, `db/${'a'.repeat(60)}`)).toBe(false);
});

test.each([
  ['app/migrations/*.py', 'app/migrations'],
  ['db/0001.sql', 'db'],
  ['*/migrations/*.py', '.'],
  ['0001.sql', '.'],
  ['a/**/b/*.sql', 'a'],
])('%s is looked for in %s', (pattern, base) => {
  expect(baseOf(pattern)).toBe(base);
});
