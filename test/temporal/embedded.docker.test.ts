import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { readEnvironment } from '../../src/cli/environment.js';
import { exitCodes } from '../../src/cli/exit-codes.js';
import { ensureUp } from '../../src/temporal/background.js';
import { connectClient } from '../../src/temporal/connection.js';
import { serverListens, serverPid, stopServer } from '../../src/temporal/embedded-server.js';
import { TemporalUnavailableError, taskQueue, type EmbeddedPlace } from '../../src/temporal/place.js';
import { whoIsUp } from '../../src/temporal/presence.js';
import { searchAttributeNames } from '../../src/temporal/search-attributes.js';
import { freePort } from '../support/free-port.js';

const example = fileURLToPath(new URL('../../examples/notes', import.meta.url));
/** As it is built: from source each start would bundle the workflows anew. */
const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

let place: EmbeddedPlace;

beforeAll(async () => {
  place = await freshPlace();
});
afterAll(() => gone(place));

/** State and ports that nobody else uses. */
async function freshPlace(): Promise<EmbeddedPlace> {
  const { temporal } = readEnvironment({ ...process.env, TEMPORAL_ADDRESS: '', TEMPORAL_PROFILE: '' });
  if (temporal.kind !== 'embedded') throw new Error('a Temporal server is configured');
  const stateDirectory = await mkdtemp(join(tmpdir(), 'pointsman-up-'));
  return { ...temporal, stateDirectory, port: await freePort(), uiPort: await freePort() };
}

async function gone(used: EmbeddedPlace | undefined): Promise<void> {
  if (!used) return;
  await pointsman(used, 'down');
  // A `down` that failed must not leave processes behind; `up` first, for it brings the server back.
  for (const find of [async () => (await whoIsUp(used.stateDirectory))?.pid, () => serverPid(used)]) {
    const pid = await find();
    if (pid) process.kill(pid, 'SIGKILL');
  }
  await rm(used.stateDirectory, { recursive: true, force: true });
}

function command({ stateDirectory, port, uiPort, cli }: EmbeddedPlace, ...args: string[]): [string, ...string[]] {
  const variables = {
    POINTSMAN_HOME: stateDirectory,
    POINTSMAN_TEMPORAL_PORT: String(port),
    POINTSMAN_UI_PORT: String(uiPort),
    POINTSMAN_TEMPORAL_CLI: cli ?? '',
    TEMPORAL_ADDRESS: '',
  };
  const settings = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  return ['env', ...settings, process.execPath, main, ...args];
}

function pointsman(used: EmbeddedPlace, ...args: string[]) {
  const [file, ...rest] = command(used, ...args);
  return execa(file, rest, { reject: false, all: true, timeout: 90_000 });
}

const bringUp = (used = place): Promise<boolean> => ensureUp(used, command(used, 'up', '--idle-exit', '15'));

async function upPid(): Promise<number> {
  const presence = await whoIsUp(place.stateDirectory);
  if (!presence) throw new Error('nobody is up');
  return presence.pid;
}

async function until(wanted: () => Promise<boolean>): Promise<void> {
  while (!(await wanted())) await sleep(50);
}

async function killUp(): Promise<void> {
  process.kill(await upPid(), 'SIGKILL');
  await until(async () => (await whoIsUp(place.stateDirectory)) === null);
}

/** Whether the server was told to keep histories for long. */
async function keepsHistory(used: EmbeddedPlace): Promise<boolean> {
  if (!serverListens(used)) return false;
  try {
    const { connection } = await connectClient(used);
    const { config } = await connection.workflowService.describeNamespace({ namespace: 'default' });
    await connection.close();
    return Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) > 2 * 24 * 3600;
  } catch {
    return false;
  }
}

async function listening(port: number): Promise<Server> {
  const server = createServer((socket) => socket.destroy()).listen(port, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return server;
}

describe('the embedded Temporal', () => {
  test('comes up once when two commands need it at the same time', async () => {
    await Promise.all([bringUp(), bringUp()]);
    expect(await bringUp()).toBe(false);
    const { stdout } = await execa('pgrep', ['-fc', join(place.stateDirectory, 'temporal.db')]);
    expect(stdout).toBe('1');
  });

  test('has a worker on the task queue, the search attributes and a history of at least 30 days', async () => {
    await bringUp();
    const { connection } = await connectClient(place);
    const namespace = 'default';
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    expect(Object.keys(customAttributes ?? {})).toEqual(expect.arrayContaining(searchAttributeNames));
    const { pollers } = await connection.workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name: taskQueue },
      taskQueueType: 1,
    });
    expect(pollers).not.toEqual([]);
    const { config } = await connection.workflowService.describeNamespace({ namespace });
    expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBeGreaterThanOrEqual(30 * 24 * 3600);
    await connection.close();
  });

  test('says that it is up already to who starts it by hand', async () => {
    await bringUp();
    const { exitCode, all } = await pointsman(place, 'up');
    expect({ exitCode, all }).toEqual({ exitCode: 0, all: 'pointsman is up already' });
  });

  test('is taken over by the next command when its worker was killed', async () => {
    await bringUp();
    const [server, worker] = [serverPid(place), await upPid()];
    await killUp();
    expect(await bringUp()).toBe(true);
    expect(serverPid(place)).toBe(server);
    expect(await upPid()).not.toBe(worker);
  });

  test('is brought back by its worker when it is killed', async () => {
    await bringUp();
    const worker = await upPid();
    const server = serverPid(place) ?? 0;
    process.kill(server, 'SIGKILL');
    await until(async () => ![null, server].includes(serverPid(place)) && serverListens(place));
    const { connection } = await connectClient(place);
    await connection.close();
    expect(await upPid()).toBe(worker);
  });

  test('is started again when it is killed before its worker is there', async () => {
    const fresh = await freshPlace();
    onTestFinished(() => gone(fresh));
    const up = pointsman(fresh, 'up');
    // The last thing before the worker is created.
    await until(async () => up.exitCode !== null || (await keepsHistory(fresh)));
    process.kill(serverPid(fresh) ?? 0, 'SIGKILL');
    await until(async () => up.exitCode !== null || (await whoIsUp(fresh.stateDirectory))?.ready === true);
    expect(up.exitCode, up.exitCode === null ? '' : (await up).all).toBeNull();
    await pointsman(fresh, 'down');
    expect((await up).exitCode).toBe(0);
  });

  test('replaces one that a killed worker was still starting: never two on one file', async () => {
    await bringUp();
    await killUp();
    await stopServer(place);
    const file = join(place.stateDirectory, 'temporal.db');
    const halfway = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)', '--', '--db-filename', file]);
    const ended = new Promise((resolve) => halfway.once('exit', resolve));
    onTestFinished(() => void halfway.kill('SIGKILL'));
    await writeFile(join(place.stateDirectory, 'temporal.pid'), String(halfway.pid));
    await until(() => Promise.resolve(serverPid(place) === halfway.pid));
    expect(await bringUp()).toBe(true);
    await ended;
    expect(serverPid(place)).not.toBe(halfway.pid);
  });

  test('ends with `pointsman down`, and a second one finds nothing', async () => {
    await bringUp();
    const { all } = await pointsman(place, 'down');
    expect(all).toBe('down');
    expect({ server: serverPid(place), up: await whoIsUp(place.stateDirectory) }).toEqual({ server: null, up: null });
    expect(serverListens(place)).toBe(false);
    expect((await pointsman(place, 'down')).all).toBe('nothing was up');
  });
});

/** The example app, with its image in a registry that takes calls and never answers. */
async function projectOf(registry: Server): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'pointsman-up-app-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  await cp(example, directory, { recursive: true });
  const file = join(directory, 'pointsman.yml');
  const { port } = registry.address() as AddressInfo;
  const text = (await readFile(file, 'utf8')).replace('project: notes', `project: up-${process.pid}`);
  await writeFile(file, text.replace('image: notes:', `image: 127.0.0.1:${port}/notes:`));
  return file;
}

test('a command that follows a deploy brings killed Temporal and worker back, and shows the end', async () => {
  await bringUp();
  const calls: Socket[] = [];
  const silent = createServer((socket) => void calls.push(socket)).listen(0, '127.0.0.1');
  onTestFinished(() => void silent.close());
  await new Promise((resolve) => silent.once('listening', resolve));
  const deploying = pointsman(place, 'deploy', '-e', 'demo', '-f', await projectOf(silent), '--release', 'v9');
  await until(() => Promise.resolve(calls.length > 0));
  const server = serverPid(place) ?? 0;
  await killUp();
  process.kill(server, 'SIGKILL');
  await until(async () => (await whoIsUp(place.stateDirectory))?.ready === true);
  silent.close();
  calls.forEach((socket) => socket.destroy());
  const { exitCode, all } = await deploying;
  expect(all).toContain('started Temporal and a worker in the background');
  expect(all).toContain('deploy failed at preflight');
  expect(exitCode).toBe(exitCodes.refused);
});

test('a port that another program has is an error that says how to choose another one', async () => {
  const taken = await freshPlace();
  onTestFinished(() => gone(taken));
  const stranger = await listening(taken.port);
  onTestFinished(() => void stranger.close());
  const coming = bringUp(taken);
  await expect(coming).rejects.toThrow(TemporalUnavailableError);
  await expect(coming).rejects.toThrow(
    `Port ${taken.port} is taken by another program: set POINTSMAN_TEMPORAL_PORT and POINTSMAN_UI_PORT.`,
  );
  expect((await pointsman(taken, 'up')).exitCode).toBe(exitCodes.unavailable);
});

test('a program that takes the port of a killed Temporal is not taken for it: `up` ends and says so', async () => {
  const fresh = await freshPlace();
  onTestFinished(() => gone(fresh));
  const up = pointsman(fresh, 'up');
  await until(async () => up.exitCode !== null || (await whoIsUp(fresh.stateDirectory))?.ready === true);
  const stranger = createServer((socket) => socket.destroy());
  onTestFinished(() => void stranger.close());
  // Tries until the port is free, which is long before a new server listens.
  stranger.on('error', () => setImmediate(() => stranger.listen(fresh.port, '127.0.0.1')));
  stranger.listen(fresh.port, '127.0.0.1');
  process.kill(serverPid(fresh) ?? 0, 'SIGKILL');
  const { exitCode, all } = await up;
  expect(all).toMatch(
    new RegExp(`Port ${fresh.port} is taken by another program|${fresh.port}: bind: address already in use`),
  );
  expect(exitCode).toBe(exitCodes.unavailable);
  expect(await whoIsUp(fresh.stateDirectory)).toBeNull();
});

test('a Temporal that does not answer is told with its address', async () => {
  const port = await freePort();
  const variables = { TEMPORAL_ADDRESS: `127.0.0.1:${port}`, TEMPORAL_NAMESPACE: 'deploys' };
  await expect(connectClient({ kind: 'external', variables })).rejects.toEqual(
    new TemporalUnavailableError(
      `Temporal does not answer at 127.0.0.1:${port} (namespace deploys). Is it running, and are address and TLS right?`,
    ),
  );
});
