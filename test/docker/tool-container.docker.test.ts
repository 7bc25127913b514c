import Docker from 'dockerode';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { isNotFound, putFile } from '../../src/docker/container.js';
import { LeftAlone } from '../../src/hosts/host.js';
import { runTool, type ToolContainer } from '../../src/docker/tool-container.js';
import { ownName } from '../support/names.js';

const docker = new Docker();
const image = 'python:3.11-slim-bookworm';

let name: string;

beforeEach(() => {
  name = ownName('pm');
  return async () => void (await docker.getContainer(name).remove({ force: true, v: true }).catch(ignoreAbsent));
});

function ignoreAbsent(error: unknown): void {
  if (!isNotFound(error)) throw error;
}

function tool(script: string, changed: Partial<ToolContainer> = {}): ToolContainer {
  return { name, image, argv: ['sh', '-c', script], volumes: [], labels: {}, ...changed };
}

/** The container that an attempt left behind: of the same name, with the same work. */
function leftBehind(script: string): Promise<Docker.Container> {
  return docker.createContainer({ name, Image: image, Cmd: ['sh', '-c', script] });
}

async function isGone(): Promise<boolean> {
  return (await docker.listContainers({ all: true, filters: { name: [name] } })).length === 0;
}

/** Says which container it is once it is told to end. */
const waitThenSay = 'echo waiting >&2; until test -e /tmp/go; do sleep 0.1; done; hostname';

describe('a tool', () => {
  test('gives back how it ended and what it printed, and leaves no container', async () => {
    const progress: string[] = [];
    const result = await runTool(docker, tool('echo 10% >&2; echo done >&2; echo "{}"; exit 3'), {
      onProgress: (line) => progress.push(line),
    });
    expect(result).toMatchObject({ exitCode: 3, stdout: '{}\n', stderr: '10%\ndone' });
    expect(progress).toEqual(['10%', 'done']);
    expect(await isGone()).toBe(true);
  });

  test('works on the volumes that it is given, which stay', async () => {
    const volume = ownName('pm');
    await docker.createVolume({ Name: volume });
    onTestFinished(() => docker.getVolume(volume).remove({ force: true }));
    const volumes = [{ name: volume, target: '/data' }];
    await runTool(docker, tool('echo kept > /data/file', { volumes }));
    expect((await runTool(docker, tool('cat /data/file', { volumes }))).stdout).toBe('kept\n');
  });

  test('keeps the last whole lines where it is told how much: half a line could hold half a secret', async () => {
    const { stdout } = await runTool(docker, tool('seq 1 9999'), { keepCharacters: 20 });
    expect(stdout).toMatch(/^(\d{4}\n)+$/);
    expect(stdout).toMatch(/\n9998\n9999\n$/);
    expect(stdout.length).toBeLessThanOrEqual(40);
    const oneLine = tool(`python3 -c 'print("secret" * 99999, end="")'`);
    expect((await runTool(docker, oneLine, { keepCharacters: 20 })).stdout).toBe('');
  });

  test('is killed at its limit, and says so beside what it had printed', async () => {
    const result = await runTool(docker, tool('echo began; exec sleep 600'), { timeoutMs: 2000 });
    expect(result).toMatchObject({ exitCode: 137, stdout: 'began\n', timedOut: true });
    expect(await isGone()).toBe(true);
  });

  test('gives each of several attempts that meet its result, whichever of them makes and removes the container', async () => {
    for (let round = 0; round < 5; round += 1) {
      const met = Array.from({ length: 4 }, () => runTool(docker, tool('echo done', { repeatable: true })));
      expect((await Promise.all(met)).map(({ stdout }) => stdout)).toEqual(met.map(() => 'done\n'));
    }
    expect(await isGone()).toBe(true);
  });

  test('has no network', async () => {
    const connect = 'import socket; socket.create_connection(("192.0.2.1", 80), timeout=5)';
    const { exitCode, stderr } = await runTool(docker, tool('', { argv: ['python3', '-c', connect] }));
    expect(exitCode).toBe(1);
    expect(stderr).toContain('Network is unreachable');
  });
});

describe('a tool that stands in for a service', () => {
  test('has its variables, and its files and volumes where they may only be read', async () => {
    const volume = ownName('pm');
    await docker.createVolume({ Name: volume });
    onTestFinished(() => docker.getVolume(volume).remove({ force: true }));
    const script = 'echo "$PLACE"; touch /data/x || touch /host/x || echo "read only"';
    const { stdout } = await runTool(
      docker,
      tool(script, {
        environment: ['PLACE=here', 'PATH=/usr/bin:/bin'],
        volumes: [{ name: volume, target: '/data', readOnly: true }],
        binds: [{ source: '/usr', target: '/host' }],
      }),
    );
    expect(stdout).toBe('here\nread only\n');
  });

  test('is in all of its networks', async () => {
    const names = [ownName('pm'), ownName('pm')];
    for (const name of names) {
      await docker.createNetwork({ Name: name });
      onTestFinished(() => docker.getNetwork(name).remove() as Promise<void>);
    }
    const list = 'import socket; print(len([name for _, name in socket.if_nameindex() if name != "lo"]))';
    const { stdout } = await runTool(docker, tool('', { argv: ['python3', '-c', list], networks: names }));
    expect(stdout).toBe('2\n');
  });
});

describe('a tool whose first attempt died', () => {
  test('and still runs is joined: its output is read from the start, and the work is done once', async () => {
    const first = await leftBehind(waitThenSay);
    await first.start();
    const progress: string[] = [];
    const result = await runTool(docker, tool(waitThenSay), {
      onProgress: (line) => {
        progress.push(line);
        void putFile(docker, first.id, { directory: '/tmp', name: 'go', content: '' });
      },
    });
    expect(result).toMatchObject({ exitCode: 0, stdout: `${first.id.slice(0, 12)}\n`, stderr: 'waiting' });
    expect(progress).toEqual(['waiting']);
    expect(await isGone()).toBe(true);
  });

  test('is left to the attempt that has joined it when the one before is over: only a cancel kills it', async () => {
    const over = new AbortController();
    let second: Promise<unknown> = Promise.resolve();
    const waits = new Promise<void>((resolve) => {
      const first = runTool(docker, tool(waitThenSay), { signal: over.signal, onProgress: () => resolve() });
      first.catch(() => undefined);
    });
    await waits;
    const joined = new Promise<void>((resolve) => {
      second = runTool(docker, tool(waitThenSay), { onProgress: () => resolve() });
    });
    await joined;
    over.abort(new LeftAlone('superseded'));
    await putFile(docker, name, { directory: '/tmp', name: 'go', content: '' });
    expect(await second).toMatchObject({ exitCode: 0 });
    expect(await isGone()).toBe(true);
  });

  test('and has ended meanwhile is not run again', async () => {
    const first = await leftBehind('hostname; exit 4');
    await first.start();
    await first.wait();
    const result = await runTool(docker, tool('hostname; exit 4'));
    expect(result).toMatchObject({ exitCode: 4, stdout: `${first.id.slice(0, 12)}\n`, stderr: '' });
    expect(await isGone()).toBe(true);
  });

  // As an engine does that starts again after a crash: what still runs is told to end, and killed where it does not.
  test.each([
    ['with SIGTERM', 'trap "exit 143" TERM; echo up; while :; do sleep 0.1; done'],
    ['with SIGKILL', 'trap "" TERM; echo up; while :; do sleep 0.1; done'],
  ])('and was ended by the engine %s is run anew: half of the work is no result', async (_, script) => {
    const first = await leftBehind(script);
    await first.start();
    await first.stop({ t: 1 });
    const result = await runTool(docker, tool('hostname'));
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(result.stdout).not.toBe(`${first.id.slice(0, 12)}\n`);
    expect(await isGone()).toBe(true);
  });

  test('while the engine started it, which then cannot start it any more, is run anew', async () => {
    // What an engine that crashed says is like this one: it has the container, and its start fails.
    const port = { PortBindings: { '80/tcp': [{ HostPort: '0' }] } };
    const ExposedPorts = { '80/tcp': {} };
    const sleeping = { Image: image, Cmd: ['sleep', '60'], ExposedPorts };
    const taken = await docker.createContainer({ ...sleeping, HostConfig: port });
    onTestFinished(() => taken.remove({ force: true }) as Promise<void>);
    await taken.start();
    const { NetworkSettings } = await taken.inspect();
    const HostPort = NetworkSettings.Ports['80/tcp']?.[0]?.HostPort ?? '';
    const HostConfig = { PortBindings: { '80/tcp': [{ HostPort }] } };
    await docker.createContainer({ ...sleeping, name, HostConfig });
    expect(await runTool(docker, tool('echo anew'))).toMatchObject({ exitCode: 0, stdout: 'anew\n' });
    expect(await isGone()).toBe(true);
  });

  test('before it was started is started now', async () => {
    const first = await leftBehind('hostname');
    expect((await runTool(docker, tool('hostname'))).stdout).toBe(`${first.id.slice(0, 12)}\n`);
    expect(await isGone()).toBe(true);
  });
});

describe('a tool that is cancelled', () => {
  test('is killed and removed', async () => {
    const controller = new AbortController();
    const running = runTool(docker, tool('echo started >&2; sleep infinity'), {
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('cancelled by the user')),
    });
    await expect(running).rejects.toThrow('cancelled by the user');
    expect(await isGone()).toBe(true);
  });

  test('before it begins leaves nothing behind', async () => {
    const signal = AbortSignal.abort(new Error('cancelled by the user'));
    await expect(runTool(docker, tool('sleep infinity'), { signal })).rejects.toThrow('cancelled by the user');
    expect(await isGone()).toBe(true);
  });
});
