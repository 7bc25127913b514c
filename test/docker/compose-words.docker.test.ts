import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { toFailure } from '../../src/activities/failures.js';
import { Compose } from '../../src/docker/compose.js';
import { LocalHost } from '../../src/hosts/local-host.js';
import { runPreflight } from '../../src/preflight/index.js';
import { ownName } from '../support/names.js';
import { settings as usual } from '../support/settings.js';

const secret = 'c4nary-4711';
const composeFile = `
services:
  app-blue: { image: none, profiles: [blue] }
`;

let directory: string;
let compose: Compose;
let settings: typeof usual;
let host: LocalHost;

beforeEach(async ({ onTestFinished }) => {
  directory = await mkdtemp(join(tmpdir(), 'pointsman-words-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  host = new LocalHost({ stateDirectory: join(directory, 'state') });
  settings = { ...usual, project: ownName('pm'), directory };
  compose = new Compose(host, settings);
  await write({ 'compose.yml': composeFile, '.env': '' });
});

async function write(files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
}

/** All that a failure of Compose can put into a history or a log. */
async function failureOf(work: () => Promise<unknown>): Promise<string> {
  const failure = toFailure(
    await work().then(
      () => 'no failure',
      (error: unknown) => error,
    ),
  ) as Error;
  return `${failure.message}\n${failure.stack}\n${JSON.stringify(failure)}`;
}

const asked: readonly (readonly [string, () => Promise<unknown>])[] = [
  ['for its config', () => compose.config()],
  ['for variables', () => compose.variables(['PLAIN'])],
  ['to build', () => compose.build('app-blue', 'v1')],
  ['to start a slot', () => compose.up('app-blue', 1000, 'v1')],
];

test.each(asked)(
  'an open quote with a secret behind it is told by its place where Compose is asked %s',
  async (_, work) => {
    await write({ '.env': `PLAIN=1\nAPI_TOKEN="${secret}\nOTHER='1'\n` });
    const failure = await failureOf(work);
    expect(failure).not.toContain(secret);
    expect(failure).toContain(`${directory}/.env, line 2: a value begins with a quote that is never closed.`);
  },
);

test('pointsman check tells it as well, with nothing of what is behind it', async () => {
  await write({ '.env': `PLAIN=1\nAPI_TOKEN="${secret}\n` });
  const { findings } = await runPreflight(host, settings, { release: 'v1', kind: 'deploy' });
  expect(JSON.stringify(findings)).not.toContain(secret);
  expect(findings).toMatchObject([
    {
      check: 'compose',
      message: expect.stringMatching(/^Compose refuses the project: .*\.env, line 2: .* never closed/) as string,
    },
  ]);
});

test.each([
  ['a line that is no variable', `A=1\n${secret}!`, /\.env, line 2: the name of a variable may have/],
  ['a name with a space', `my ${secret}=1`, /\.env, line 1: the name of a variable may have/],
  [
    'a value of several lines',
    `\n\nA=-----BEGIN KEY-----\nab+${secret}==\n`,
    /\.env, line 4: the name of a variable may have/,
  ],
  ['a reference that is none', `A=1\nB="${secret}\${x"`, /\.env, line 2: a \$\{…\} is no reference/],
  [
    'a required reference',
    `A=1\nB=\${X:?${secret}}`,
    /\.env, line 2: a variable that is required here .* has no value/,
  ],
])('%s is told by its place, in the own env file and in that of a service', async (_, text, words) => {
  await write({ '.env': text });
  const own = await failureOf(() => compose.config());
  expect(own).not.toContain(secret);
  expect(own).toMatch(words);
  const service = composeFile.replace('image: none', 'image: none, env_file: [app.env]');
  await write({ '.env': '', 'app.env': text, 'compose.yml': service });
  const services = await failureOf(() => compose.config());
  expect(services).not.toContain(secret);
  expect(services).toMatch(new RegExp(words.source.replace('\\.env', 'app\\.env')));
});

test('a project whose own .env is not used as its env file is not told its content either', async () => {
  compose = new Compose(host, { ...settings, envFile: null });
  await write({ '.env': `API_TOKEN="${secret}` });
  const failure = await failureOf(() => compose.config());
  expect(failure).not.toContain(secret);
  expect(failure).toContain('.env, line 1: a value begins with a quote');
});

test('a secret that has slipped into another place of the project is blanked out in what Compose says of that', async () => {
  await write({
    '.env': `API_TOKEN="${secret}\\\\n"\n`,
    'compose.yml': composeFile.replace('image: none', 'image: none, ports: ["${API_TOKEN}:80"]'),
  });
  const failure = await failureOf(() => compose.config());
  expect(failure).not.toContain(secret);
  expect(failure).toMatch(/invalid hostPort: \[redacted\]/i);
});

test('the part of a secret that looks like a variable is not named as one that is not set', async () => {
  await write({
    '.env': `API_TOKEN=abc$${secret.replace('-', '_')}\n`,
    'compose.yml': `${composeFile}x-a: $MISSING \${REQUIRED:?set it}\n`,
  });
  const failure = await failureOf(() => compose.config());
  expect(failure).not.toContain('c4nary');
  expect(failure).toMatch(/"MISSING\\+" variable is not set/);
  expect(failure).toContain('required variable REQUIRED is missing a value: set it');
});
