import { expect, test } from 'vitest';
import { summaryLines, type FileTime } from './summary.js';

const file = (name: string, project: string, seconds: number): FileTime => ({
  ...{ file: `test/${name}.test.ts`, project, seconds },
  tests: 2,
});

test('a run ends with its ten slowest files and the time of each project', () => {
  const files = Array.from({ length: 12 }, (_, at) => file(`e2e/${at}`, at < 11 ? 'e2e' : 'unit', 120 - at));
  const lines = summaryLines(files, []);
  expect(lines.filter((line) => line.includes('test/e2e/'))).toHaveLength(10);
  expect(lines.slice(0, 3)).toEqual(['', 'The 10 slowest files:', '  120.0 s  test/e2e/0.test.ts (2 tests)']);
  expect(lines.slice(-2)).toEqual([' 1265.0 s  e2e (11 files, 22 tests)', '  109.0 s  unit (1 files, 2 tests)']);
});

test('what failed is told with the command that runs that one test again', () => {
  const message = 'expected 4 to be 0\n  and more';
  const lines = summaryLines([], [{ file: 'test/e2e/a.test.ts', test: "one > it's a (b)", message }]);
  expect(lines.slice(-2)).toEqual([
    "FAILED: test/e2e/a.test.ts: one > it's a (b): expected 4 to be 0",
    "  again: script/test test/e2e/a.test.ts -t 'one it'\\''s a \\(b\\)'",
  ]);
});

test('what failed is told with how it differs and the last that its commands printed', () => {
  const commands = Array.from({ length: 30 }, (_, at) => `line ${at}`).join('\n');
  const failure = { file: 'a.test.ts', test: 'one', message: 'expected 1 to be 2', diff: '- 2\n+ 1\n', commands };
  const lines = summaryLines([], [failure]);
  expect(lines.slice(-16, -12)).toEqual([
    'FAILED: a.test.ts: one: expected 1 to be 2',
    '  | - 2',
    '  | + 1',
    '  | line 18',
  ]);
  expect(lines.slice(-2)).toEqual(['  | line 29', "  again: script/test a.test.ts -t 'one'"]);
});

test('a file that left something behind is told by itself', () => {
  const message = 'test/e2e/a.test.ts leaves nothing behind: expected [ container pm-1 ] to deeply equal []';
  const lines = summaryLines([], [{ file: 'test/e2e/a.test.ts', test: null, message }]);
  expect(lines.slice(-2)).toEqual([
    `FAILED: test/e2e/a.test.ts: ${message}`,
    '  again: script/test test/e2e/a.test.ts',
  ]);
});
