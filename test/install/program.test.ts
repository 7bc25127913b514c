import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { text } from 'node:stream/consumers';
import { beforeEach, describe, expect, test } from 'vitest';
import { collectProgram, type Program } from '../../src/install/program.js';

let root: string;

beforeEach(async () => {
  root = join(await mkdtemp(join(tmpdir(), 'pointsman-program-')), 'lib/node_modules/pointsman');
  const dependencies = { a: '1', '@temporalio/core-bridge': '1', optional: '1' };
  await put('package.json', {
    version: '1.2.3',
    dependencies,
    optionalDependencies: { optional: '1' },
    devDependencies: { typescript: '1' },
  });
  await put('dist/cli/main.js', 'main');
  await put('dist/cli/main.js.map', 'map');
  await put('dist/cli/main.d.ts', 'types');
  await put('templates/systemd/x.service', 'unit');
  await put('docker-compose.temporal.yml', 'compose');
  await put('test/secret.txt', 'never shipped');
  await put('node_modules/a/package.json', { dependencies: { b: '2', c: '1' }, peerDependencies: { absent: '1' } });
  await put('node_modules/a/node_modules/b/package.json', { dependencies: { c: '1' } });
  await put('node_modules/b/package.json', { version: 'that only development needs' });
  await put('node_modules/c/package.json', {});
  await put('node_modules/typescript/package.json', {});
  await put('node_modules/@temporalio/core-bridge/package.json', {});
  for (const machine of ['x86_64-unknown-linux-gnu', 'aarch64-unknown-linux-gnu', 'x86_64-apple-darwin']) {
    await put(`node_modules/@temporalio/core-bridge/releases/${machine}/index.node`, machine);
  }
  const made = dirname(dirname(dirname(root)));
  return () => rm(made, { recursive: true });
});

async function put(path: string, content: string | object): Promise<void> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
}

/** What the server would get. */
async function unpacked(program: Program): Promise<Map<string, string>> {
  const archive = extract();
  const collect = async (): Promise<Map<string, string>> => {
    const files = new Map<string, string>();
    for await (const entry of archive) files.set(entry.header.name, await text(entry));
    return files;
  };
  const [files] = await Promise.all([collect(), pipeline(program.archive(), createGunzip(), archive)]);
  return files;
}

describe('the program', () => {
  test('is shipped with the packages that it needs, each at its place, and none for development', async () => {
    expect([...(await unpacked(await collectProgram(root, 'x86_64'))).keys()]).toEqual([
      'dist/cli/main.js',
      'docker-compose.temporal.yml',
      'node_modules/@temporalio/core-bridge/package.json',
      'node_modules/@temporalio/core-bridge/releases/x86_64-unknown-linux-gnu/index.node',
      'node_modules/a/node_modules/b/package.json',
      'node_modules/a/package.json',
      'node_modules/c/package.json',
      'package.json',
      'templates/systemd/x.service',
      'SHA256SUMS',
    ]);
  });

  test('is shipped with the core for the server’s machine', async () => {
    const files = await unpacked(await collectProgram(root, 'aarch64'));
    const core = 'node_modules/@temporalio/core-bridge/releases/aarch64-unknown-linux-gnu/index.node';
    expect([...files.keys()].filter((path) => path.includes('/releases/'))).toEqual([core]);
  });

  test('has a list of its files that tells every change', async () => {
    const program = await collectProgram(root, 'x86_64');
    const files = await unpacked(program);
    expect(files.get('SHA256SUMS')).toBe(program.manifest);
    const hash = createHash('sha256').update('main').digest('hex');
    expect(program.manifest.split('\n')[0]).toBe(`${hash}  dist/cli/main.js`);
    await put('dist/cli/main.js', 'changed');
    expect((await collectProgram(root, 'x86_64')).manifest).not.toBe(program.manifest);
  });

  test('takes packages that npm put beside it', async () => {
    await rm(join(root, 'node_modules/c'), { recursive: true });
    await put('../c/package.json', {});
    expect([...(await unpacked(await collectProgram(root, 'x86_64'))).keys()]).toContain('node_modules/c/package.json');
  });

  test('is refused where another project’s packages claim the same place', async () => {
    await rm(join(root, 'node_modules/a'), { recursive: true });
    await put('../a/package.json', { dependencies: { c: '1' } });
    await put('../c/package.json', {});
    await put('package.json', { version: '1.2.3', dependencies: { a: '1', c: '1' } });
    await expect(collectProgram(root, 'x86_64')).rejects.toThrow('node_modules/c is there twice');
  });

  test('is refused when a package is missing, and when it was not built', async () => {
    await rm(join(root, 'node_modules/c'), { recursive: true });
    await expect(collectProgram(root, 'x86_64')).rejects.toThrow('c, which pointsman needs, is not installed here');
    await rm(join(root, 'dist'), { recursive: true });
    await expect(collectProgram(root, 'x86_64')).rejects.toThrow('runs from its source: build it first');
  });

  test('breaks off with the error of a file that cannot be read any more', async () => {
    const program = await collectProgram(root, 'x86_64');
    await rm(join(root, 'dist/cli/main.js'));
    await expect(unpacked(program)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
