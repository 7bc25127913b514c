import { chmod, chown, mkdir, mkdtemp, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { TemporalUnavailableError } from '../../src/temporal/place.js';
import { checkStateDirectory, secureStateDirectory } from '../../src/temporal/state-directory.js';
import { canBeNobody, nobody } from '../support/squatter.js';

let above: string;
let state: string;

beforeEach(async () => {
  above = await mkdtemp(join(tmpdir(), 'pointsman-state-'));
  onTestFinished(() => rm(above, { recursive: true, force: true }));
  state = join(above, 'state');
});

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o7777).toString(8);
}

test('a state directory that is not there yet is made for its owner only', async () => {
  expect(checkStateDirectory(state)).toBe(false);
  secureStateDirectory(state);
  expect(await modeOf(state)).toBe('700');
  expect(checkStateDirectory(state)).toBe(true);
});

test('one that others may read is closed to them', async () => {
  await mkdir(state, { mode: 0o755 });
  secureStateDirectory(state);
  expect(await modeOf(state)).toBe('700');
});

test.each([0o777, 0o770, 0o702, 0o1777])('one that others may write (%o) is refused, with what to do', async (mode) => {
  await mkdir(state);
  await chmod(state, mode);
  const message =
    `The state directory ${state} can be written by others (mode ${mode.toString(8)}): they could decide what pointsman ` +
    `does. If nobody else has put anything there: chmod 700 ${state}. Otherwise make a new one, or name another ` +
    'directory with POINTSMAN_HOME.';
  expect(() => checkStateDirectory(state)).toThrow(new TemporalUnavailableError(message));
  expect(() => secureStateDirectory(state)).toThrow(TemporalUnavailableError);
  expect(await modeOf(state)).toBe(mode.toString(8));
});

test.skipIf(!canBeNobody)('one of another user is refused, also behind a link of ours', async () => {
  await mkdir(state);
  await chown(state, nobody, nobody);
  const link = join(above, 'link');
  await symlink(state, link);
  for (const path of [state, link]) {
    expect(() => checkStateDirectory(path)).toThrow(`belongs to another user (uid ${nobody})`);
  }
});

test('one in a directory in which everybody may rename it is refused', async () => {
  await mkdir(state);
  await chmod(above, 0o777);
  expect(() => checkStateDirectory(state)).toThrow(`is in ${above}, which everybody can write (mode 777)`);
  await chmod(above, 0o1777);
  expect(checkStateDirectory(state)).toBe(true);
});

test.skipIf(!canBeNobody)('one in a directory of another user is refused', async () => {
  await mkdir(state);
  await chown(above, nobody, nobody);
  expect(() => checkStateDirectory(state)).toThrow(`is in ${above}, which belongs to another user (uid ${nobody})`);
});

test('a path that is no directory is told in words', () => {
  expect(() => secureStateDirectory('/dev/null/state')).toThrow(
    /^The state directory \/dev\/null\/state cannot be used: .*Name another one with POINTSMAN_HOME\.$/,
  );
});
