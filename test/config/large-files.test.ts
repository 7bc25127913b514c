import { mkdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { loadSettings } from '../../src/config/load.js';
import { ConfigError } from '../../src/config/problems.js';
import { parseSshAddress } from '../../src/hosts/ssh/address.js';
import { SshError } from '../../src/hosts/ssh/error.js';
import { resolveTarget } from '../../src/hosts/ssh/target.js';
import { sshEnvironment } from '../../src/secrets/sources.js';
import { SshHome } from '../support/ssh-home.js';
import { compose, projectWith, smallest } from './support.js';

const files = { 'pointsman.yml': smallest, 'compose.yml': compose, '.env': 'A=b\n' };

async function refusal(directory: string, file?: string): Promise<string> {
  const said = await loadSettings({ directory, ...(file ? { file } : {}) }).catch((error: unknown) => error);
  if (!(said instanceof ConfigError)) throw new Error(`it was expected to be refused, and not: ${String(said)}`);
  return said.message;
}

describe('a file that nobody wrote by hand is refused by its size, before anything of it is read', () => {
  test.each(Object.keys(files))('%s', async (name) => {
    const directory = await projectWith(files);
    // A file of blanks takes no room on the disk, and 40 GB of memory to be read.
    await truncate(join(directory, name), 10 * 2 ** 30);
    expect(await refusal(directory)).toMatch(
      new RegExp(`^${name.replace('.', '\\.')}  has 10240\\.0 MiB, and no more than 1 MiB is read → `),
    );
  });

  test('a byte more than the limit is told as more, and what just fits is read', async () => {
    const directory = await projectWith(files);
    const comment = (bytes: number) => writeFile(join(directory, 'pointsman.yml'), smallest + '#'.repeat(bytes));
    await comment((1 << 20) - smallest.length);
    expect((await loadSettings({ directory })).project).toBe('shop');
    await comment((1 << 20) - smallest.length + 1);
    expect(await refusal(directory)).toContain('has 1.1 MiB, and no more than 1 MiB is read');
  });

  test('a device that never ends', async () => {
    expect(await refusal(await projectWith(files), '/dev/zero')).toContain('and no more than 1 MiB is read');
  });
});

test('a directory in the place of a file is told in words', async () => {
  const directory = await projectWith(files);
  await rm(join(directory, 'pointsman.yml'));
  await mkdir(join(directory, 'pointsman.yml'));
  expect(await refusal(directory)).toBe(
    'pointsman.yml  cannot be read: it is a directory → name a file that whoever runs this may read',
  );
});

describe('of what ssh reads', () => {
  let home: SshHome;
  beforeEach(async () => {
    home = await SshHome.create();
    return () => home[Symbol.asyncDispose]();
  });

  test.each([
    ['config', 1],
    ['known_hosts', 16],
  ])('%s is refused by its size', async (name, limit) => {
    await home.write({ [name]: '' });
    await truncate(join(home.directory, name), 10 * 2 ** 30);
    const said: unknown = await resolveTarget(parseSshAddress('ssh://shop'), {
      ...sshEnvironment({}),
      home: home.path,
    }).catch((error: unknown) => error);
    expect(said).toBeInstanceOf(SshError);
    expect(String(said)).toContain(`${name} has 10240.0 MiB, and no more than ${limit} MiB is read`);
  });
});

test.each([
  ['longer than any file', 'a'.repeat(5000)],
  ['that no file can have', '"a\\0b"'],
])('a name %s is that of no file', async (_, name) => {
  const directory = await projectWith({ ...files, 'pointsman.yml': `${smallest}compose: ${name}\n` });
  expect(await refusal(directory)).toContain('pointsman.yml:3:10  compose: ');
});
