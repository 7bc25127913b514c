import { expect, test } from 'vitest';
import { findCommits } from '../../src/migrations/find-commits.js';
import { migrationRuleNames } from '../../src/migrations/rules.js';
import { numbers } from '../support/numbers.js';

const pieces = [
  ...['COMMIT', 'BEGIN', 'END', ';', "'", '"', '`', '[', ']', '--', '/*', '*/', '\n', '\r\n', ' ', '(', ')', 'PRAGMA '],
  ...['journal_mode', '=', 'CREATE TRIGGER', 'CASE', '%s', '%', '\\', '{', '}', '{{', 'f"', "r'''", '"""', 'b"', '#'],
  ...[
    'def up(c):',
    '    c.execute(',
    'c.commit()',
    'with c:',
    'a, b.autocommit =',
    ' True',
    '\u0000',
    '\uFEFF',
    '\uD83D',
    'é',
  ],
  ...[
    '\\x',
    '\\N{',
    '\\777',
    '\\UFFFFFFFF',
    'RELEASE x',
    'ROLLBACK TO',
    'pointsman: allow commit',
    'RunSQL(',
    '[(',
    ',',
    '*',
  ],
];

test.each(['m.sql', 'm.py'])('whatever a text is, %s is judged, and every place lies in it', (path) => {
  const next = numbers(7);
  for (let round = 0; round < 400; round++) {
    const text = Array.from({ length: next(40) }, () => pieces[next(pieces.length)]).join('');
    const lines = text.split(/\r\n|\n|\r/);
    for (const { line, column, rule } of findCommits({ path, text }, [])) {
      expect(migrationRuleNames).toContain(rule);
      expect(column).toBeGreaterThan(0);
      expect(column, JSON.stringify(text)).toBeLessThanOrEqual((lines[line - 1] ?? '').length + 2);
    }
  }
});

test.each([
  ['m.sql', `SELECT ${'('.repeat(5000)}1`],
  ['m.sql', `SELECT '${"''".repeat(400_000)}'; COMMIT`],
  ['m.py', `x = ${'['.repeat(5000)}`],
  ['m.py', `c.execute("${'\\n'.repeat(200_000)}COMMIT")`],
])('nesting and length are no way to end it: %s %#', (path, text) => {
  expect(findCommits({ path, text }, []).length).toBeGreaterThan(0);
});
