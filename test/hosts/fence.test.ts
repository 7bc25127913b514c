import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeEach, describe, expect, test } from 'vitest';
import { closeSlotImages, readSlotImages, requireLatest, writeSlotImage } from '../../src/docker/slots-env.js';
import { asAttempt, closeFence, fencing, OvertakenError, writeFenced } from '../../src/hosts/fence.js';
import { LocalHost } from '../../src/hosts/local-host.js';
import { markCurrent } from '../../src/shipping/place.js';

const begun = Date.now();
const place = { project: 'shop', environment: 'production' };
let host: LocalHost;
let path: string;

beforeEach(async () => {
  const stateDirectory = await mkdtemp(join(tmpdir(), 'pointsman-fence-'));
  host = new LocalHost({ stateDirectory });
  path = join(stateDirectory, 'shop', 'file');
  return () => rm(stateDirectory, { recursive: true, force: true });
});

/** Does it as an attempt that was asked for so many seconds after the first one. */
function as<Result>(seconds: number, work: () => Promise<Result>, signal = new AbortController().signal) {
  return asAttempt({ number: begun + seconds * 1000, signal }, work);
}

const write = (seconds: number, content: string): Promise<void> => as(seconds, () => writeFenced(host, path, content));
const content = (): Promise<string> => readFile(path, 'utf8');

describe('an attempt that was cut off and comes back', () => {
  test('does not write over what a later one has written, and says so', async () => {
    await write(2, 'later');
    const late = write(1, 'earlier');
    await expect(late).rejects.toThrow(OvertakenError);
    await expect(late).rejects.toThrow(
      `this attempt comes too late: a later step has changed ${path} on local since it began, and it is left as it is`,
    );
    expect(await content()).toBe('later');
    expect(await readdir(join(path, '..'))).toEqual(['file', 'file.fence']);
  });

  test('writes nothing either where what was undone meanwhile had not been done yet', async () => {
    await as(2, () => closeFence(host, path));
    await expect(write(1, 'earlier')).rejects.toThrow(OvertakenError);
    await expect(content()).rejects.toThrow('ENOENT');
  });

  test('does not keep out those that came after it by closing the fence itself', async () => {
    await write(2, 'later');
    await as(1, () => closeFence(host, path));
    await expect(write(1.5, 'earlier')).rejects.toThrow(OvertakenError);
    await write(2, 'again');
    expect(await content()).toBe('again');
  });

  test('never mixes up what a slot runs', async () => {
    const set = (seconds: number, release: string) =>
      as(seconds, () => writeSlotImage(host, place, { green: { image: `shop:${release}`, release } }));
    await set(1, 'v2');
    await set(2, 'v3');
    await expect(set(1, 'v2')).rejects.toThrow(OvertakenError);
    await as(2, () => requireLatest(host, place));
    await as(3, () => closeSlotImages(host, place));
    await expect(as(2, () => requireLatest(host, place))).rejects.toThrow(OvertakenError);
    await expect(set(2, 'v4')).rejects.toThrow(OvertakenError);
    expect(await readSlotImages(host, place)).toEqual({ green: { image: 'shop:v3', release: 'v3' } });
  });

  test('does not mark its release as the current one again', async () => {
    await as(1, () => markCurrent(host, place, 'releases/v1'));
    await as(2, () => markCurrent(host, place, 'releases/v2'));
    await expect(as(1, () => markCurrent(host, place, 'releases/v1'))).rejects.toThrow(OvertakenError);
    const { stdout } = await execa('readlink', [join(host.stateDirectory, 'shop', 'production', 'current')]);
    expect(stdout).toBe('releases/v2');
  });

  test('changes nothing where it was cancelled', async () => {
    await expect(as(1, () => writeFenced(host, path, 'cancelled'), AbortSignal.abort())).rejects.toThrow('aborted');
    await expect(content()).rejects.toThrow('ENOENT');
  });
});

describe('a file behind a fence', () => {
  test('is written by a second attempt, by the same one again and by a later run', async () => {
    for (const [seconds, text] of [
      [1, 'first'],
      [2, 'second'],
      [2, 'same'],
      [60, 'run'],
    ] as const) {
      await write(seconds, text);
      expect(await content()).toBe(text);
    }
  });

  test('is written by what is no step, too', async () => {
    await write(1, 'step');
    await writeFenced(host, path, 'person');
    expect(await content()).toBe('person');
  });

  test('is not closed for days by a clock that was wrong, nor by what is no number', async () => {
    for (const passed of [String(begun + 86_400_000), 'nonsense', '']) {
      await writeFenced(host, path, 'before');
      await writeFile(`${path}.fence`, passed);
      await write(1, 'after');
      expect(await content()).toBe('after');
      expect(await readFile(`${path}.fence`, 'utf8')).toBe(`${begun + 1000}\n`);
    }
  });

  test('cannot be passed by another attempt until what was done behind the fence has ended', async () => {
    const [fence, log] = ['fence', 'log'].map((name) => join(host.stateDirectory, name)) as [string, string];
    const script = `${fencing}echo; pass_fence "$1" "$2" act; echo "begins $2" >>"$3"; read -r go; echo "ends $2" >>"$3"`;
    const attempt = async (number: string) => {
      const shell = execa('sh', ['-c', script, 'sh', fence, number, log]);
      await new Promise((resolve) => shell.stdout.once('data', resolve));
      return { shell };
    };
    const begins = async (number: string) =>
      expect.poll(() => readFile(log, 'utf8').catch(() => ''), { timeout: 20_000 }).toContain(`begins ${number}`);
    const first = attempt('1');
    await begins('1');
    const second = attempt('2');
    for (const { shell } of [await second, await first]) {
      shell.stdin.write('go\n');
      shell.stdin.end();
    }
    await Promise.all([(await first).shell, (await second).shell]);
    expect(await readFile(log, 'utf8')).toBe('begins 1\nends 1\nbegins 2\nends 2\n');
  });

  test('says why it cannot be written', async () => {
    await writeFile(join(host.stateDirectory, 'shop'), 'a file where a directory should be');
    await expect(write(1, 'text')).rejects.toThrow(/file on local cannot be written: .*(File exists|Not a directory)/);
  });
});
