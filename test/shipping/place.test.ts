import {
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  readlink,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeEach, describe, expect, test } from 'vitest';
import { LocalHost } from '../../src/hosts/local-host.js';
import { collectFiles } from '../../src/shipping/collect.js';
import { markCurrent, placeBundle, pruneReleases } from '../../src/shipping/place.js';

let directory: string;
let host: LocalHost;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pointsman-ship-'));
  host = new LocalHost({ stateDirectory: join(directory, 'state') });
  return () => rm(directory, { recursive: true, force: true });
});

const place = { project: 'shop', environment: 'production' };
const labelOf = (release: string) => ({ ...place, release, id: '20261123T141500Z-1f3a5b' });
const there = (...path: string[]) => join(directory, 'state/shop/production', ...path);

async function send(release: string, content = 'services: {}\n'): Promise<string> {
  const files = [
    { path: 'compose.yml', mode: 0o644, content: Buffer.from(content) },
    { path: 'nginx/start.sh', mode: 0o755, content: Buffer.from('#!/bin/sh\n') },
    { path: '.env', mode: 0o600, content: Buffer.from('KEY=1\n') },
  ];
  return placeBundle(host, { label: labelOf(release), files });
}

describe('a release', () => {
  test('lies in a directory of its own, with the modes that its files had', async () => {
    const sent = await send('v1');
    expect(sent).toBe('releases/v1-20261123T141500Z-1f3a5b');
    expect(await readFile(there(sent, 'compose.yml'), 'utf8')).toBe('services: {}\n');
    const modes = await Promise.all(['compose.yml', 'nginx/start.sh', '.env'].map((file) => stat(there(sent, file))));
    expect(modes.map(({ mode }) => mode & 0o777)).toEqual([0o644, 0o755, 0o600]);
  });

  test('becomes the current one at once, and never half', async () => {
    await markCurrent(host, place, await send('v1'));
    await markCurrent(host, place, await send('v2'));
    expect(await readlink(there('current'))).toBe('releases/v2-20261123T141500Z-1f3a5b');
    expect((await readdir(there())).sort()).toEqual(['current', 'current.fence', 'releases']);
  });

  test('that does not fit on the disk is told in words, and leaves no half directory', async () => {
    await mkdir(there('releases'), { recursive: true });
    await execa('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', there('releases')]);
    try {
      await expect(send('v1', 'x'.repeat(200_000))).rejects.toThrow(
        /^The release cannot be written to .*No space left on device\. Free some space there/,
      );
      const left = await readdir(there('releases'));
      expect(left.filter((name) => !name.startsWith('.unpacking-'))).toEqual([]);
    } finally {
      await execa('umount', [there('releases')]);
    }
  });

  test('that is old is removed, unless it is to be kept or is younger than a day', async () => {
    for (const release of ['old', 'kept', 'young']) await send(release);
    const dayBefore = new Date(Date.now() - 25 * 3_600_000);
    for (const name of ['old', 'kept'])
      await utimes(there(`releases/${name}-20261123T141500Z-1f3a5b`), dayBefore, dayBefore);
    const keep = ['releases/kept-20261123T141500Z-1f3a5b'];
    expect(await pruneReleases(host, place, keep)).toEqual(['old-20261123T141500Z-1f3a5b']);
    expect((await readdir(there('releases'))).map((name) => name.split('-')[0]).sort()).toEqual(['kept', 'young']);
  });

  test('that somebody else put there is never removed, and nothing of theirs is replaced by the link to the live one', async () => {
    await send('v1');
    const dayBefore = new Date(Date.now() - 25 * 3_600_000);
    for (const name of ['mine', 'v1-by-hand', 'v1-20261123T141500Z-1f3a5b']) {
      await mkdir(there(`releases/${name}`), { recursive: true });
      await utimes(there(`releases/${name}`), dayBefore, dayBefore);
    }
    expect(await pruneReleases(host, place, [])).toEqual(['v1-20261123T141500Z-1f3a5b']);
    expect((await readdir(there('releases'))).sort()).toEqual(['mine', 'v1-by-hand']);
    await writeFile(there('current'), 'notes of mine');
    await expect(markCurrent(host, place, 'releases/v1')).rejects.toThrow("is no link of pointsman's: move it away");
    expect(await readFile(there('current'), 'utf8')).toBe('notes of mine');
  });
});

describe('the files of a checkout', () => {
  test('are those that are named, directories with all that is in them but for caches and history', async () => {
    const files = ['compose.yml', 'nginx/conf.d/site.conf', 'nginx/.git/config', 'secret.txt'];
    for (const file of files) {
      await mkdir(join(directory, file, '..'), { recursive: true });
      await writeFile(join(directory, file), file);
    }
    await chmod(join(directory, 'nginx/conf.d/site.conf'), 0o755);
    const collected = await collectFiles(directory, ['compose.yml', 'nginx']);
    expect(collected.map(({ path, mode }) => [path, mode])).toEqual([
      ['compose.yml', 0o644],
      ['nginx/conf.d/site.conf', 0o755],
    ]);
  });

  test('that are missing are named', async () => {
    await expect(collectFiles(directory, ['nowhere'])).rejects.toThrow('nowhere is to be sent and is not there.');
  });

  test('that are links are refused: they could lead anywhere', async () => {
    await symlink('/etc/passwd', join(directory, 'link'));
    await expect(collectFiles(directory, ['link'])).rejects.toThrow('link is a symbolic link');
  });
});
