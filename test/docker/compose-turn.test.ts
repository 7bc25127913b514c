import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { beforeEach, expect, test, vi } from 'vitest';
import { Compose } from '../../src/docker/compose.js';
import { asAttempt, closeFence, OvertakenError } from '../../src/hosts/fence.js';
import { LocalHost } from '../../src/hosts/local-host.js';
import { settings } from '../support/settings.js';
import { heldLock, untilWaiting } from '../support/until-waiting.js';

const started = Date.now();
let directory: string;
let host: LocalHost;
let compose: Compose;

/** In place of `docker`: only so can an attempt be held where the kernel lets it wait. */
const recorder = `#!/bin/sh
echo "$@" | grep -oE '\\b(up|stop)\\b' >>"$0.asked"
`;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pointsman-turn-'));
  await writeFile(join(directory, 'docker'), recorder);
  await chmod(join(directory, 'docker'), 0o755);
  vi.stubEnv('PATH', `${directory}:${process.env['PATH']}`);
  host = new LocalHost({ stateDirectory: directory, docker: {} as Docker });
  compose = new Compose(host, { ...settings, directory });
  return async () => {
    vi.unstubAllEnvs();
    await rm(directory, { recursive: true, force: true });
  };
});

/** Does it as an attempt that was asked for so many seconds after the first one. */
function as(seconds: number, work: () => Promise<void>): Promise<string> {
  const signal = new AbortController().signal;
  return asAttempt({ number: started + seconds * 1000, signal }, work).then(
    () => 'done',
    (error: unknown) => (error instanceof OvertakenError ? error.message : String(error)),
  );
}

const up = (): Promise<void> => compose.up('app-green', 60_000, 'shop:v2');
const stop = (): Promise<void> => compose.stop(['app-green']);
const asked = async (): Promise<string[]> =>
  (await readFile(join(directory, 'docker.asked'), 'utf8')).trimEnd().split('\n');
const tooLate =
  'this attempt comes too late: a later step has changed the slots of shop since it began, and it is left as it is';

test('a slot that a later step has stopped is not started by an attempt that comes late, and the other way round', async () => {
  expect(await as(2, stop)).toBe('done');
  expect(await as(1, up)).toBe(tooLate);
  expect(await as(3, up)).toBe('done');
  expect(await as(2, stop)).toBe(tooLate);
  expect(await asked()).toEqual(['stop', 'up']);
});

test('a later run that has joined the start of an earlier one, which comes too late, starts its slot itself', async () => {
  const lock = join(directory, 'shop', 'production', 'compose.lock');
  expect(await as(0, stop)).toBe('done');
  const letGo = await heldLock(lock);
  const earlier = as(1, up);
  await untilWaiting(directory, 1);
  await as(2, () => closeFence(host, lock));
  const later = as(3, up);
  await untilWaiting(directory, 2);
  letGo();
  expect(await Promise.all([earlier, later])).toEqual([tooLate, 'done']);
  expect(await asked()).toEqual(['stop', 'up']);
});
