import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, onTestFinished, test } from 'vitest';
import type { ComposeConfig } from '../../src/docker/compose.js';
import { envLine, parseEnvFile } from '../../src/docker/env-syntax.js';
import { variablesOf } from '../../src/docker/service-copy.js';
import { randomValues, someSeed } from '../support/random-values.js';

/** The two ways in which a project takes an env file: for its Compose files, and for what a service gets. */
type Use = '--env-file' | 'env_file';

/** What Compose makes of the file: the variables of a container; `null` where it refuses the file. */
async function asComposeReadsIt(use: Use, text: string, names: readonly string[]): Promise<Map<string, string> | null> {
  const directory = await mkdtemp(join(tmpdir(), 'pointsman-env-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const environment = Object.fromEntries(names.map((name) => [name, `\${${name}-}`]));
  const app = { image: 'app', ...(use === 'env_file' ? { env_file: ['app.env'] } : { environment }) };
  await writeFile(join(directory, 'compose.yml'), JSON.stringify({ services: { app } }));
  await writeFile(join(directory, 'app.env'), text);
  const project = use === 'env_file' ? '/dev/null' : 'app.env';
  const argv = ['compose', '-f', 'compose.yml', '--env-file', project, 'config', '--format', 'json'];
  const { exitCode, stdout } = await execa('docker', argv, { cwd: directory, reject: false });
  return exitCode === 0 ? variablesOf((JSON.parse(stdout) as ComposeConfig).services['app'] ?? {}) : null;
}

function asWeReadIt(text: string): Map<string, string> {
  return new Map(parseEnvFile(text).variables.map(({ name, value }) => [name, value]));
}

test.each<Use>(['--env-file', 'env_file'])(
  'whatever a value is, Compose reads from %s what was written',
  async (use) => {
    const first = someSeed();
    for (const seed of [first, first + 1]) {
      const values = randomValues(seed, 2500);
      const written = values.map((value, at) => [`V${at}`, value] as const);
      const text = written.map(([name, value]) => `${envLine(name, value)}\n`).join('');
      const read = await asComposeReadsIt(
        use,
        text,
        written.map(([name]) => name),
      );
      const wrong = written.filter(([name, value]) => read?.get(name) !== value);
      expect(wrong, `POINTSMAN_TEST_SEED=${seed}`).toEqual([]);
      expect(asWeReadIt(text), `POINTSMAN_TEST_SEED=${seed}`).toEqual(new Map(written));
    }
  },
);

test('what a person has written, we read as Compose does', async () => {
  const seed = someSeed();
  // References are left to Compose, as is a name alone, which takes the value from outside. What both refuse is looked at below.
  const lines = randomValues(seed, 3000)
    .map((value, at) => `V${at}=${value.replaceAll(/\$|\n|HOME/g, '')}`)
    .filter((line) => parseEnvFile(line).problem === null);
  const text = [...lines, ...forms].join('\n');
  const ours = asWeReadIt(text);
  const read = await asComposeReadsIt('env_file', text, []);
  expect(read, `POINTSMAN_TEST_SEED=${seed}`).toEqual(ours);
});

const forms = [
  '# A=comment',
  '   # indented',
  'PLAIN=one # comment',
  'HASH=one#two',
  'YAML: style',
  'export EXPORTED=1',
  'exportable=1',
  'SPACED =  two words  ',
  'EMPTY=',
  'AFTER="one" # comment',
  "SINGLE='a $HOME ${x \\n \\\\ it\\'s \"b\"'",
  'ESCAPES="\\a\\b\\f\\n\\r\\t\\v\\"\\\\ \\x41 \\u0041 \\0101 \\0899 \\c \\q"',
  'KEY="-----BEGIN KEY-----\nabc=def\n-----END KEY-----"',
  'DOLLARS=a$$b',
  'DOUBLE="a\\$b$$c"',
  'DOTTED.NAME-x[0]=1',
  'CRLF=one\r',
  'INHERITED_AND_NOT_SET',
  'AGAIN=1',
  'AGAIN=2',
];

test.each([
  ['a quote that is never closed', 'A=1\nB="s3cret\nC=2\n', { line: 2, kind: 'open-quote' }],
  ['a single quote that is never closed', "# first\nA='s3cret", { line: 2, kind: 'open-quote' }],
  ['a value that ends in a backslash and the quote', 'A="s3cret\\"\nB=1\n', { line: 1, kind: 'open-quote' }],
  ['a value of several lines without quotes', 'A=-----BEGIN KEY-----\nab+c/d==\n', { line: 2, kind: 'bad-name' }],
  ['a name with a space', 'A="1\n2"\nmy name=1\n', { line: 3, kind: 'bad-name' }],
  ['text after a value in quotes', 'A="one"!two\n', { line: 1, kind: 'bad-name' }],
])('%s is refused by Compose and by us', async (_, text, problem) => {
  expect(await asComposeReadsIt('--env-file', text, [])).toBeNull();
  expect(parseEnvFile(text).problem).toEqual(problem);
});
