import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Compose } from '../../src/docker/compose.js';
import { LocalHost } from '../../src/hosts/local-host.js';
import { envFile } from '../../src/shipping/env-file.js';
import { settings } from '../support/settings.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pointsman-variables-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function read(text: string, ...names: string[]): Promise<Record<string, string>> {
  await writeFile(join(directory, '.env'), text);
  const host = new LocalHost({ stateDirectory: directory });
  const compose = new Compose(host, { ...settings, directory, envFile: '.env' });
  return Object.fromEntries(await compose.variables(names));
}

test("the project's variables are read by the rules of Compose itself", async () => {
  const text = [
    '# a comment',
    'PLAIN=one # and this',
    "SINGLE='a $HOME # b'",
    'BASE=x',
    'DOUBLE="${BASE}\\"y\\$z"',
    '',
  ];
  expect(await read(text.join('\n'), 'PLAIN', 'SINGLE', 'DOUBLE', 'NOWHERE')).toEqual({
    ...{ PLAIN: 'one', SINGLE: 'a $HOME # b', DOUBLE: 'x"y$z', NOWHERE: '' },
  });
});

test.each(["c4nary-$HOME-'quoted'-value", 'a$$b', 'back\\slash', '"', 'two\nlines', ' # '])(
  'a value that was sent as %j arrives as it is',
  async (value) => {
    const { content } = envFile(['SECRET'], { SECRET: value });
    expect(await read(content.toString(), 'SECRET')).toEqual({ SECRET: value });
  },
);
