import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import {
  portIsTaken,
  serverArguments,
  serverListens,
  serverPid,
  startServer,
  stopServer,
} from '../../src/temporal/embedded-server.js';
import { connectClient } from '../../src/temporal/connection.js';
import { TemporalUnavailableError, type EmbeddedPlace } from '../../src/temporal/place.js';
import { argumentsOf } from '../../src/temporal/proc.js';
import { freePort } from '../support/free-port.js';
import { answers, asNobody, canBeNobody, lives, squat } from '../support/squatter.js';

let place: EmbeddedPlace;

beforeEach(async () => {
  const stateDirectory = await mkdtemp(join(tmpdir(), 'pointsman-embedded-'));
  onTestFinished(() => rm(stateDirectory, { recursive: true, force: true }));
  place = { kind: 'embedded', stateDirectory, port: 7237, uiPort: 8237, cli: null };
});

test('the embedded server listens on this machine only, keeps a file and knows the search attributes', () => {
  expect(serverArguments({ ...place, stateDirectory: '/state' })).toEqual([
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', '7237', '--ui-port', '8237'],
    ...['--db-filename', '/state/temporal.db', '--log-level', 'warn'],
    ...['--search-attribute', 'PointsmanProject=Keyword'],
    ...['--search-attribute', 'PointsmanEnvironment=Keyword'],
    ...['--search-attribute', 'PointsmanRelease=Keyword'],
    ...['--search-attribute', 'PointsmanOutcome=Keyword'],
    ...['--dynamic-config-value', 'history.transferProcessorMaxPollRPS=2000'],
  ]);
});

test("without Temporal's command line it is told how to get it", async () => {
  await expect(startServer(place)).rejects.toEqual(
    new TemporalUnavailableError(
      'No Temporal server is configured, and the Temporal CLI for the embedded one was not found. Install it ' +
        '(script/setup temporal, or https://docs.temporal.io/cli), or set TEMPORAL_ADDRESS.',
    ),
  );
});

test('a server that ends at once is an error that holds its last words', async () => {
  const cli = join(place.stateDirectory, 'temporal');
  await writeFile(cli, '#!/bin/sh\necho "Error: the disk is full" >&2\nexit 1\n', { mode: 0o755 });
  // Port 9 (discard) is one that nothing listens on.
  await expect(startServer({ ...place, cli, port: 9 })).rejects.toThrow(
    'The embedded Temporal server did not start:\nError: the disk is full',
  );
});

test('a server that finds one of the ports that it takes at random taken is started again', async () => {
  const cli = join(place.stateDirectory, 'temporal');
  const starts = join(place.stateDirectory, 'starts');
  const port = await freePort();
  const script = [
    '#!/bin/sh',
    `echo started >> ${starts}`,
    `[ $(wc -l < ${starts}) -gt 2 ] || { echo "bind: address already in use" >&2; exit 1; }`,
    `exec ${process.execPath} -e "require('net').createServer().listen(${port}, '127.0.0.1')" "$@"`,
  ];
  await writeFile(cli, script.join('\n'), { mode: 0o755 });
  const unlucky = { ...place, cli, port };
  await startServer(unlucky);
  expect((await readFile(starts, 'utf8')).split('\n')).toHaveLength(3 + 1);
  expect(serverPid(unlucky)).not.toBeNull();
  await stopServer(unlucky);
});

/** Writes it down as the server of this state. */
async function noted(child: ChildProcess): Promise<ChildProcess> {
  await writeFile(join(place.stateDirectory, 'temporal.pid'), String(child.pid));
  return child;
}

/** A process that looks like the server of this state. */
async function standIn(script: string): Promise<ChildProcess> {
  const file = join(place.stateDirectory, 'temporal.db');
  const child = spawn(process.execPath, ['-e', script, '--', '--db-filename', file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return noted(child);
}

const idle = `console.log('runs'); setInterval(() => {}, 1e6)`;

test('a pid that now belongs to another program is no server', async () => {
  await mkdir(place.stateDirectory, { recursive: true });
  expect(serverPid(place)).toBeNull();
  await writeFile(join(place.stateDirectory, 'temporal.pid'), String(process.pid));
  expect(serverPid(place)).toBeNull();
});

test.each(['', '0', '-1', '1.5', 'self', '99999999999'])('%j is no pid of a server', async (written) => {
  await writeFile(join(place.stateDirectory, 'temporal.pid'), written);
  expect(serverPid(place)).toBeNull();
});

test('a program that only looks at the file is not ended for the server', async () => {
  const file = join(place.stateDirectory, 'temporal.db');
  await writeFile(file, '');
  const reader = await noted(spawn('tail', ['-f', file], { stdio: 'ignore' }));
  onTestFinished(() => void reader.kill('SIGKILL'));
  await stopServer(place);
  expect(lives(reader)).toBe(true);
});

test.skipIf(!canBeNobody)(
  "another user's process is not ended for the server, whatever its arguments say",
  async () => {
    const file = join(place.stateDirectory, 'temporal.db');
    const other = await noted(await asNobody(idle, '--db-filename', file));
    await stopServer(place);
    expect(lives(other)).toBe(true);
  },
);

/**
 * A process as a kill leaves it for a moment: without memory, hence without a command line, while its last thread has the port.
 * That thread ends with its input.
 */
async function dying(port: number): Promise<ChildProcess> {
  const script = `
import ctypes, os, platform, socket, sys, threading
listener = socket.create_server(('127.0.0.1', ${port}))
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0))).start()
print('dies', flush=True)
ctypes.CDLL(None).syscall({'x86_64': 60, 'aarch64': 93}[platform.machine()], 0)`;
  const child = spawn('python3', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  while (argumentsOf(child.pid ?? 0).some(Boolean)) await sleep(5);
  return noted(child);
}

describe('a server that was killed and has its port until its last thread has ended', () => {
  test('is no stranger to the one that is started in its place', async () => {
    const port = await freePort();
    const { stdin } = await dying(port);
    const cli = join(place.stateDirectory, 'temporal');
    const script = `require('net').createServer().listen(${port}, '127.0.0.1')`;
    await writeFile(cli, `#!/bin/sh\nexec ${process.execPath} -e "${script}" "$@"`, { mode: 0o755 });
    const next = { ...place, cli, port };
    const started = startServer(next);
    started.catch(() => undefined);
    expect(await portIsTaken(port)).toBe(true);
    stdin?.end();
    await started;
    expect(serverListens(next)).toBe(true);
    await stopServer(next);
  });

  test('is no stranger to a command: it is told that Temporal does not answer', async () => {
    const port = await freePort();
    const { stdin } = await dying(port);
    const connected = connectClient({ ...place, port });
    connected.catch(() => undefined);
    expect(await portIsTaken(port)).toBe(true);
    stdin?.end();
    await expect(connected).rejects.toThrow(`Temporal does not answer at 127.0.0.1:${port}`);
  });
});

test('a server that does not end when it is told to is killed', async () => {
  const stubborn = await standIn(`process.on('SIGTERM', () => {}); ${idle}`);
  const ended = once(stubborn, 'exit');
  await stopServer(place, 100);
  expect(await ended).toEqual([null, 'SIGKILL']);
});

test('a server that runs does not listen where another program has its port', async () => {
  const port = await freePort();
  const stranger = createServer().listen(port, '127.0.0.1');
  onTestFinished(() => void stranger.close());
  await once(stranger, 'listening');
  await standIn(idle);
  expect(serverPid(place)).not.toBeNull();
  expect(serverListens({ ...place, port })).toBe(false);
});

test('a server listens where its own process does', async () => {
  const port = await freePort();
  await standIn(`require('net').createServer().listen(${port}, '127.0.0.1', () => console.log('listens'))`);
  expect(serverListens({ ...place, port })).toBe(true);
  expect(serverListens({ ...place, port: await freePort() })).toBe(false);
});

describe.skipIf(!canBeNobody)('a port that another user has', () => {
  test('is an error that says how to choose another one, and no server is started', async () => {
    const port = await freePort();
    await squat(port, answers.silence());
    const cli = join(place.stateDirectory, 'temporal');
    await writeFile(cli, `#!/bin/sh\ntouch ${place.stateDirectory}/started\n`, { mode: 0o755 });
    const message = `Port ${port} is taken by another program: set POINTSMAN_TEMPORAL_PORT and POINTSMAN_UI_PORT.`;
    await expect(startServer({ ...place, cli, port })).rejects.toEqual(new TemporalUnavailableError(message));
    await expect(readFile(join(place.stateDirectory, 'started'))).rejects.toThrow('ENOENT');
  });

  test('is not connected to, even while our server runs elsewhere', async () => {
    const port = await freePort();
    await squat(port, answers.endless());
    await standIn(idle);
    await expect(connectClient({ ...place, port })).rejects.toThrow(`Port ${port} is taken by another program`);
  });
});
