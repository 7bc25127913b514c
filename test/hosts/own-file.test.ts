import { lstat, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { slotsEnvPath, writeSlotImage } from '../../src/docker/slots-env.js';
import { LocalHost } from '../../src/hosts/local-host.js';
import { isSigned, keepOnHost, signed } from '../../src/hosts/own-file.js';

let directory: string;
let host: LocalHost;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pointsman-own-'));
  host = new LocalHost({ stateDirectory: directory });
  return () => rm(directory, { recursive: true, force: true });
});

const at = (name: string): string => join(directory, name);
const read = (name: string): Promise<string> => readFile(at(name), 'utf8');

describe('a file that is to be replaced', () => {
  test('is kept under a name that says so, once, and what was kept before is never touched', async () => {
    for (const [content, stamp] of [
      ['first', '1'],
      ['first', '2'],
      ['second', '3'],
      ['third', '4'],
    ] as const) {
      await writeFile(at('file'), content);
      await keepOnHost(host, at('file'), stamp);
    }
    expect((await readdir(directory)).sort()).toEqual(
      ['file', 'file.before-pointsman', 'file.before-pointsman.3', 'file.before-pointsman.4'].sort(),
    );
    expect(await read('file.before-pointsman')).toBe('first');
    expect(await read('file.before-pointsman.3')).toBe('second');
  });

  test('is kept as the link that it is', async () => {
    await writeFile(at('program'), 'theirs');
    await symlink('program', at('file'));
    expect(await keepOnHost(host, at('file'), '1')).toBe(at('file.before-pointsman'));
    expect((await lstat(at('file.before-pointsman'))).isSymbolicLink()).toBe(true);
    expect(await read('file.before-pointsman')).toBe('theirs');
  });
});

describe('a text that pointsman has signed', () => {
  test('is its own in every version, and no more once anything in it was changed', () => {
    const text = signed('#!/bin/sh\nexec pointsman\n');
    expect(isSigned(text)).toBe(true);
    for (const changed of [text.replace('exec', 'nice'), `${text}\n`, `# mine\n${text}`, text.slice(0, -2), '', 'x'])
      expect(isSigned(changed)).toBe(false);
  });
});

test('a slots.env that somebody else wrote is kept before the first slot is written', async () => {
  const place = { project: 'shop', environment: 'production' };
  const path = slotsEnvPath(host, place);
  await host.writeFile(path, 'MINE=1\nBLUE_IMAGE=shop:1\nBLUE_RELEASE=1\n');
  await writeSlotImage(host, place, { green: { image: 'shop:2', release: '2' } });
  await writeSlotImage(host, place, { green: { image: 'shop:3', release: '3' } });
  expect(await readFile(`${path}.before-pointsman`, 'utf8')).toContain('MINE=1');
  expect((await readdir(join(path, '..'))).sort()).toEqual([
    'slots.env',
    'slots.env.before-pointsman',
    'slots.env.fence',
  ]);
  expect(await readFile(path, 'utf8')).toMatch(/^# Written by pointsman.*\nBLUE_IMAGE=shop:1\n[^]*GREEN_RELEASE=3\n$/);
});
