import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { addToRecordFile, readRecordFile } from '../../src/docker/record-file.js';
import { LocalHost } from '../../src/hosts/local-host.js';

interface Line {
  readonly id: string;
}

let host: LocalHost;
let path: string;

beforeEach(async () => {
  const stateDirectory = await mkdtemp(join(tmpdir(), 'pointsman-record-'));
  host = new LocalHost({ stateDirectory });
  path = join(stateDirectory, 'shop', 'releases.jsonl');
  return () => rm(stateDirectory, { recursive: true, force: true });
});

function add(id: string): Promise<void> {
  return addToRecordFile<Line>(host, path, { line: { id }, same: (other) => other.id === id });
}

describe('a record', () => {
  test('grows by one line at a time', async () => {
    await add('1');
    await add('2');
    expect(await readFile(path, 'utf8')).toBe('{"id":"1"}\n{"id":"2"}\n');
    expect(await readRecordFile(host, path)).toEqual([{ id: '1' }, { id: '2' }]);
  });

  test('says the same thing once, also where two attempts of a step say it at the same time', async () => {
    await add('1');
    await Promise.all([add('2'), add('2')]);
    await add('2');
    expect(await readRecordFile(host, path)).toEqual([{ id: '1' }, { id: '2' }]);
  });

  test('loses no line to an attempt that has read the file, slept, and adds its own', async () => {
    await add('1');
    const slept = { name: host.name, tryRun: host.tryRun.bind(host), readFile: async () => '{"id":"1"}\n' };
    await add('2');
    for (const id of ['3', '3', '2']) {
      await addToRecordFile<Line>(slept, path, { line: { id }, same: (other) => other.id === id });
    }
    expect(await readRecordFile(host, path)).toEqual([{ id: '1' }, { id: '2' }, { id: '3' }]);
  });

  test('loses no line to one that was cut short before it', async () => {
    await add('1');
    await writeFile(path, '{"id":"1"}\n{"id":"cut sh');
    await add('2');
    expect(await readRecordFile(host, path)).toEqual([{ id: '1' }, { id: '2' }]);
  });

  test('is never a part of itself: what is there is put in place as a whole', async () => {
    await add('1');
    const before = await stat(path);
    await add('2');
    expect((await stat(path)).ino).not.toBe(before.ino);
  });
});
