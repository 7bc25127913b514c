import { beforeEach, expect, test } from 'vitest';
import { saidOf } from '../../src/docker/known-config.js';
import type { Command, CommandResult, Host } from '../../src/hosts/host.js';

const command: Command = { argv: ['docker', 'compose', 'config'] };
let files: Record<string, string>;
let asked: Command[];
let host: Host;

beforeEach(() => {
  files = { 'compose.yml': 'services: {}', '.env': 'A=1' };
  asked = [];
  host = {
    readFile: (path) => Promise.resolve(files[path] ?? null),
    run: (which) => {
      asked.push(which);
      return Promise.resolve({ stdout: `answer ${asked.length}` } as CommandResult);
    },
  } as Partial<Host> as Host;
});

const ask = (which = command): Promise<string> => saidOf(host, which, ['compose.yml', '.env', 'slots.env']);

test('Compose is asked once about a project of which nothing has changed', async () => {
  expect([await ask(), await ask(), await ask()]).toEqual(['answer 1', 'answer 1', 'answer 1']);
  expect(asked).toHaveLength(1);
});

test.each(['compose.yml', '.env', 'slots.env'])('it is asked again once %s has another content', async (file) => {
  await ask();
  files[file] = `${files[file] ?? ''}\n# changed`;
  expect([await ask(), await ask()]).toEqual(['answer 2', 'answer 2']);
});

test('what another question was answered is no answer to this one', async () => {
  const withImages: Command = { ...command, env: { BLUE_IMAGE: 'notes:v2' } };
  expect([await ask(), await ask(withImages), await ask()]).toEqual(['answer 1', 'answer 2', 'answer 1']);
});

test.each(['include: [more.yml]', 'extends: { file: base.yml }', 'env_file: app.env', 'label_file: app.labels'])(
  'a Compose file with "%s" says nothing of what that file has: Compose is asked each time',
  async (names) => {
    files['compose.yml'] = `services: { app: { ${names} } }`;
    expect([await ask(), await ask()]).toEqual(['answer 1', 'answer 2']);
  },
);
