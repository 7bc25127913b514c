import Docker from 'dockerode';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  execIn,
  findContainer,
  inspectContainer,
  lastEnd,
  putFile,
  readFileIn,
  tailLogs,
} from '../../src/docker/container.js';
import { ownName } from '../support/names.js';

const docker = new Docker();
const image = 'python:3.11-slim-bookworm';

/** A container that is created and not started, and removed after the test. */
async function create(options: Partial<Docker.ContainerCreateOptions> = {}): Promise<Docker.Container> {
  const container = await docker.createContainer({ name: ownName('pm'), Image: image, ...options });
  onTestFinished(() => container.remove({ force: true, v: true }) as Promise<void>);
  return container;
}

/** As {@link create}, run to its end. */
async function ran(script: string, options: Partial<Docker.ContainerCreateOptions> = {}): Promise<Docker.Container> {
  const container = await create({ Cmd: ['sh', '-c', script], ...options });
  await container.start();
  await container.wait();
  return container;
}

async function createVolume(): Promise<string> {
  const name = ownName('pm');
  await docker.createVolume({ Name: name });
  onTestFinished(() => docker.getVolume(name).remove({ force: true }));
  return name;
}

const sleeping = { Cmd: ['sleep', 'infinity'] };

describe('the last lines of a log', () => {
  test('are whole lines of both streams, without Docker’s framing', async () => {
    const { id } = await ran('echo first; echo "müde é" >&2; echo; echo last');
    expect((await tailLogs(docker, id, 10)).toSorted()).toEqual(['', 'first', 'last', 'müde é']);
  });

  test('are no more than asked for, and in order', async () => {
    const { id } = await ran('seq 100');
    expect(await tailLogs(docker, id, 3)).toEqual(['98', '99', '100']);
  });

  test('are the same where the container has a terminal', async () => {
    const { id } = await ran('echo first; echo second >&2', { Tty: true });
    expect(await tailLogs(docker, id, 10)).toEqual(['first', 'second']);
  });

  test('before a container was started again say why it had ended, and not what it writes since', async () => {
    const script = 'test -e /ran && echo serving && exec sleep 600; touch /ran; echo "no such column" >&2; exit 1';
    const container = await create({
      Cmd: ['sh', '-c', script],
      HostConfig: { Init: true, RestartPolicy: { Name: 'always' } },
    });
    await container.start();
    await expect.poll(() => tailLogs(docker, container.id, 10), { timeout: 20_000 }).toContain('serving');
    const { at } = await lastEnd(docker, container.id);
    expect(await tailLogs(docker, container.id, 10, at)).toEqual(['no such column']);
  });

  test('are none where nothing was written', async () => {
    const { id } = await ran('true');
    expect(await tailLogs(docker, id, 10)).toEqual([]);
  });
});

describe('a file in a volume', () => {
  test('can be put there and read before the container has ever started', async () => {
    const volume = await createVolume();
    const mount: Docker.MountSettings = { Type: 'volume', Source: volume, Target: '/data' };
    const mounted = { HostConfig: { Mounts: [mount] } };
    const { id } = await create(mounted);
    await putFile(docker, id, { directory: '/data', name: 'default.conf', content: 'listen 80; # é\n' });
    expect(await readFileIn(docker, id, '/data/default.conf')).toBe('listen 80; # é\n');

    const other = await create({ ...mounted, ...sleeping });
    await other.start();
    expect((await execIn(docker, other.id, ['cat', '/data/default.conf'])).stdout).toBe('listen 80; # é\n');
  });

  test('that is absent has no content, and neither has one in an absent directory', async () => {
    const { id } = await create();
    expect(await readFileIn(docker, id, '/etc/absent')).toBeNull();
    expect(await readFileIn(docker, id, '/absent/file')).toBeNull();
  });

  test('is replaced whole', async () => {
    const { id } = await create();
    await putFile(docker, id, { directory: '/tmp', name: 'file', content: 'a long first content' });
    await putFile(docker, id, { directory: '/tmp', name: 'file', content: 'short' });
    expect(await readFileIn(docker, id, '/tmp/file')).toBe('short');
  });
});

test('a command in a container tells how it ended and what it printed', async () => {
  const container = await create(sleeping);
  await container.start();
  expect(await execIn(docker, container.id, ['sh', '-c', 'echo out; echo err >&2; exit 3'])).toEqual({
    exitCode: 3,
    stdout: 'out\n',
    stderr: 'err\n',
  });
});

test('a command in a container that never ends is no longer waited for once it is cancelled', async () => {
  const container = await create(sleeping);
  await container.start();
  const controller = new AbortController();
  const running = execIn(docker, container.id, ['sh', '-c', 'touch /tmp/began; sleep infinity'], {
    signal: controller.signal,
  });
  while ((await execIn(docker, container.id, ['test', '-e', '/tmp/began'])).exitCode !== 0);
  controller.abort(new Error('no more waiting'));
  await expect(running).rejects.toThrow('no more waiting');
});

test('a container that Docker has started again by itself still tells how it had ended', async () => {
  const command = 'test -e /tmp/before && exec sleep 600; touch /tmp/before; exit 3';
  const HostConfig = { NetworkMode: 'none', RestartPolicy: { Name: 'always' } };
  const container = await create({ Cmd: ['sh', '-c', command], HostConfig });
  await container.start();
  // One look at a time: between two of them the container may have ended, and not be started again yet.
  let state = await inspectContainer(docker, container.id);
  while (!state.running || state.restarts === 0) state = await inspectContainer(docker, container.id);
  expect(state).toMatchObject({ running: true, exitCode: 0, restarts: 1 });
  expect(await lastEnd(docker, container.id)).toMatchObject({ exitCode: 3 });
});

describe('the container of a service', () => {
  function labels(project: string, oneoff = 'False') {
    const of = { 'com.docker.compose.project': project, 'com.docker.compose.service': 'app-blue' };
    return { Labels: { ...of, 'com.docker.compose.oneoff': oneoff } };
  }

  test('is found though it does not run, and has no address then', async () => {
    const project = ownName('pm');
    const { id } = await ran('exit 3', { ...labels(project), Env: ['RELEASE=v1'] });
    const found = await findContainer(docker, project, 'app-blue');
    expect(found).toMatchObject({ id, running: false, exitCode: 3, health: 'none', image, address: null });
    expect(found?.environment).toContain('RELEASE=v1');
  });

  test('is the one that runs where an interrupted recreate left two', async () => {
    const project = ownName('pm');
    const container = await create({ ...labels(project), ...sleeping });
    await container.start();
    await create(labels(project));
    expect(await findContainer(docker, project, 'app-blue')).toMatchObject({ id: container.id, running: true });
  });

  test('is the one in its place where it was removed in the moment it was looked for', async () => {
    const project = ownName('pm');
    const old = await docker.createContainer({ ...labels(project), Image: image });
    const replacing = new Docker();
    let replaced: Docker.Container | null = null;
    const list = replacing.listContainers.bind(replacing);
    replacing.listContainers = (async (options: Docker.ContainerListOptions) => {
      const found = await list(options);
      if (!replaced) {
        await old.remove();
        replaced = await create(labels(project));
      }
      return found;
    }) as typeof replacing.listContainers;
    const found = await findContainer(replacing, project, 'app-blue');
    expect(found?.id).toBe((replaced as Docker.Container | null)?.id);
  });

  test('is none where there is only one of "compose run", or of another project', async () => {
    const project = ownName('pm');
    await create(labels(project, 'True'));
    await create(labels(`${project}-other`));
    expect(await findContainer(docker, project, 'app-blue')).toBeNull();
  });
});
