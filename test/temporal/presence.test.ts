import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { TemporalUnavailableError } from '../../src/temporal/place.js';
import { announce, whoIsUp, type UpPlace } from '../../src/temporal/presence.js';
import { answers, asNobody, bystander, canBeNobody, openedByNobody, squat } from '../support/squatter.js';

let state: string;

beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), 'pointsman-presence-'));
  onTestFinished(() => rm(state, { recursive: true, force: true }));
});

async function announced(stateDirectory = state): Promise<UpPlace> {
  const place = await announce(stateDirectory);
  if (!place) throw new Error('another one is up');
  return place;
}

/** Name of the abstract socket on which the builds before announced themselves. */
function earlierName(stateDirectory: string): string {
  return `pointsman-${createHash('sha256').update(stateDirectory).digest('hex').slice(0, 24)}`;
}

/** With its children, which have inherited the lock. */
function killGroup({ pid = 0, exitCode, signalCode }: ChildProcess): void {
  if (exitCode === null && signalCode === null) process.kill(-pid, 'SIGKILL');
}

/** A process that holds the lock as `up` does. */
async function otherHolder(): Promise<ChildProcess> {
  const child = spawn('flock', ['-n', join(state, 'up.lock'), '-c', 'echo held; sleep 600'], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => killGroup(child));
  await once(child.stdout, 'data');
  return child;
}

test('nobody is up on a fresh state directory, and asking leaves no trace there', async () => {
  expect(await whoIsUp(state)).toBeNull();
  expect(await readdir(state)).toEqual([]);
  expect(await whoIsUp(join(state, 'missing'))).toBeNull();
});

test('who is up tells its pid, and whether its worker takes tasks yet', async () => {
  const place = await announced();
  expect(await whoIsUp(state)).toEqual({ pid: process.pid, ready: false });
  place.ready();
  expect(await whoIsUp(state)).toEqual({ pid: process.pid, ready: true });
  place.leave();
});

test('of two that come up at once on one state directory, one has the place', async () => {
  const answers = await Promise.all([announce(state), announce(state)]);
  expect(answers.filter((place) => place !== null)).toHaveLength(1);
  answers.forEach((place) => place?.leave());
});

test('the place is free again when its holder has left', async () => {
  (await announced()).leave();
  expect(await whoIsUp(state)).toBeNull();
  (await announced()).leave();
});

test('the place is free again when its holder was killed, whatever it wrote', async () => {
  const child = await otherHolder();
  await writeFile(join(state, 'up.json'), JSON.stringify({ pid: child.pid, ready: true }));
  expect(await whoIsUp(state)).toEqual({ pid: child.pid, ready: true });
  expect(await announce(state)).toBeNull();
  killGroup(child);
  await once(child, 'exit');
  await expect.poll(() => whoIsUp(state)).toBeNull();
  (await announced()).leave();
});

test('a path that is longer than the name of a socket may be is no limit', async () => {
  const long = join(state, 'a'.repeat(120));
  const place = await announced(long);
  expect(await whoIsUp(long)).toEqual({ pid: process.pid, ready: false });
  place.leave();
});

test('who wrote that it is up and is another process by now counts for nothing', async () => {
  await writeFile(join(state, 'up.lock'), '');
  await writeFile(join(state, 'up.json'), JSON.stringify({ pid: bystander().pid, ready: true }));
  expect(await whoIsUp(state)).toBeNull();
  (await announced()).leave();
});

test.each(['', '{', 'null', '{"pid":-1}', '{"pid":0,"ready":true}', '{"pid":"1"}'])(
  '%j is nobody who is up',
  async (written) => {
    await writeFile(join(state, 'up.lock'), '');
    await writeFile(join(state, 'up.json'), written);
    expect(await whoIsUp(state)).toBeNull();
  },
);

test('a lock whose holder does not say who it is, is an error that names it', async () => {
  await otherHolder();
  const coming = announce(state);
  await expect(coming).rejects.toThrow(TemporalUnavailableError);
  await expect(coming).rejects.toThrow(`Another process has the lock ${join(state, 'up.lock')}`);
});

test('an `up` of a build before, which has the name of a socket, is found and gets none beside it', async () => {
  const server = createServer((socket) => socket.end()).listen(`\0${earlierName(state)}`);
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  expect(await whoIsUp(state)).toEqual({ pid: process.pid, ready: true });
  expect(await announce(state)).toBeNull();
});

test.skipIf(!canBeNobody).each([
  ['lies', answers.lie(1)],
  ['is silent', answers.silence()],
  ['never ends its answer', answers.endless()],
])('another user who has that name and %s is not believed, and keeps no `up` away', async (_, answer) => {
  await squat(earlierName(state), answer);
  expect(await whoIsUp(state)).toBeNull();
  const place = await announced();
  expect(await whoIsUp(state)).toEqual({ pid: process.pid, ready: false });
  place.leave();
});

test.skipIf(!canBeNobody)('another user cannot take the lock', async () => {
  (await announced()).leave();
  // As if the directory were open to others: the file is closed by itself.
  await chmod(state, 0o755);
  expect(await openedByNobody(join(state, 'up.lock'))).toBe('EACCES');
});

test.skipIf(!canBeNobody)('an `up` of another user is not taken for ours', async () => {
  await writeFile(join(state, 'up.lock'), '');
  await chmod(state, 0o711);
  await chmod(join(state, 'up.lock'), 0o666);
  const other = await asNobody(
    `require('fs').openSync(process.argv[1], 'a'); console.log('open'); setInterval(() => {}, 1e6)`,
    join(state, 'up.lock'),
  );
  await writeFile(join(state, 'up.json'), JSON.stringify({ pid: other.pid, ready: true }));
  expect(await whoIsUp(state)).toBeNull();
});
