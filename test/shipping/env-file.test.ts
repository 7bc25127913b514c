import { expect, test } from 'vitest';
import { parseEnvFile } from '../../src/docker/env-syntax.js';
import { BundleError } from '../../src/shipping/bundle.js';
import { envFile } from '../../src/shipping/env-file.js';

const secret = 'c4nary-4711';

/** Why no `.env` is made. */
function refusal(...args: Parameters<typeof envFile>): string {
  try {
    envFile(...args);
  } catch (error) {
    if (error instanceof BundleError) return error.message;
    throw error;
  }
  throw new Error('it was not refused');
}

function ofProject(text: string): { path: string; content: Buffer } {
  return { path: '.env.staging', content: Buffer.from(text) };
}

test('every variable without a value is named at once', () => {
  expect(refusal(['A_KEY', 'SET', 'B_KEY'], { SET: 'x', B_KEY: '' })).toMatch(
    /^A_KEY, B_KEY have no value here\. Set them/,
  );
});

test('the file is for its owner only', () => {
  expect(envFile(['SET'], { SET: 'x' }).mode).toBe(0o600);
});

test('what the project itself says comes first, byte for byte, and its last line ends before a variable begins', () => {
  const { content } = envFile(['SET'], { SET: 'x' }, { path: '.env', content: Buffer.from('BASE=caf\xe9', 'latin1') });
  expect(content.toString('latin1')).toBe('BASE=caf\xe9\nSET="x"\n');
});

test("an open quote in the project's own env file is told by its line: it would swallow the variables after it", () => {
  const said = refusal(['SET'], { SET: 'x' }, ofProject(`A=1\nAPI_TOKEN="${secret}\n`));
  expect(said).toMatch(/^\.env\.staging, line 2: a value begins with a quote that is never closed\. Close it/);
  expect(said).not.toContain(secret);
});

test.each([
  ['bytes that are no UTF-8', `${secret}\uFFFD`],
  ['half a character', `${secret}\uD83D`],
  ['a NUL', `${secret}\0`],
])('a variable that holds %s is refused by its name', (_, value) => {
  const said = refusal(['GOOD', 'BINARY'], { GOOD: 'x', BINARY: value });
  expect(said).toBe('BINARY: not UTF-8 text, which no env file of Compose can hold. Set it as base64, say.');
});

test('a value that is given where only a name belongs is not shown', () => {
  expect(refusal([`API_TOKEN=${secret}`], {})).toBe(
    'A variable is named by letters, digits and _ only, and API_TOKEN was given with a value. ' +
      'Write --env API_TOKEN and set its value where this runs.',
  );
  expect(refusal([secret], {})).not.toContain(secret);
});

test('a value that ends in a backslash does not take the next variable along', () => {
  const { content } = envFile(['A', 'B'], { A: 'C:\\', B: "it's" });
  expect(parseEnvFile(content.toString()).variables).toMatchObject([
    { name: 'A', value: 'C:\\', line: 1 },
    { name: 'B', value: "it's", line: 2 },
  ]);
});
