import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import type { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import Docker from 'dockerode';
import { execa } from 'execa';
import { beforeEach, describe, expect, test } from 'vitest';
import { slotSteps } from '../../src/activities/slot-steps.js';
import { findContainer } from '../../src/docker/container.js';
import { CommandError } from '../../src/hosts/command-error.js';
import type { Host } from '../../src/hosts/host.js';
import { LocalHost } from '../../src/hosts/local-host.js';
import type { SlotStarted } from '../../src/model/activities.js';
import type { Settings } from '../../src/model/settings.js';
import { engineSocket } from '../support/engine-socket.js';
import { settings as usual } from '../support/settings.js';
import { ownName } from '../support/names.js';

const image = usual.toolImage;
/** Healthy once it is told so, by a file in the project's directory. */
const compose = `
services:
  app-green:
    image: '${image}'
    profiles: [green]
    command: [python3, -c, 'import os, time; os.path.exists("/app/now/die") and exit(3); time.sleep(600)']
    volumes: ['./now:/app/now']
    healthcheck: { test: [CMD, test, -e, /app/now/healthy], interval: 1s, retries: 60 }
`;

let host: Host;
let settings: Settings;
let directory: string;
const steps = slotSteps({ hosts: { of: () => Promise.resolve(host) } });

beforeEach(async ({ onTestFinished }) => {
  directory = await mkdtemp(join(tmpdir(), 'pointsman-slot-'));
  const project = ownName('pm');
  await writeFile(join(directory, 'compose.yml'), compose);
  await execa('mkdir', [join(directory, 'now')]);
  host = new LocalHost({ stateDirectory: join(directory, 'state') });
  settings = { ...usual, project, directory, envFile: null, replica: null, database: null };
  onTestFinished(async () => {
    const files = ['-p', project, '-f', join(directory, 'compose.yml')];
    await execa('docker', ['compose', ...files, '--profile', '*', 'down', '-v', '--timeout', '0']);
    await rm(directory, { recursive: true, force: true });
  });
});

function tell(what: 'healthy' | 'die'): Promise<void> {
  return writeFile(join(directory, 'now', what), '');
}

async function start(): Promise<SlotStarted> {
  const args = { settings, slot: 'green', release: 'v2', image } as const;
  const started: SlotStarted = await new MockActivityEnvironment().run(steps.composeUpWait, args);
  return started;
}

/** How the step fails; a step that goes well is no failure. */
async function failureOf(step: Promise<unknown>): Promise<{ type: string | null | undefined; message: string }> {
  return step.then(
    () => Promise.reject(new Error('it went well')),
    ({ type, message }: ApplicationFailure) => ({ type, message }),
  );
}

/** As an engine answers that died while it started the slot: it takes it for never started, and cannot start it any more. */
function startedHalfway(real: Host): Host {
  const stderr = `Error response from daemon: task ${'a'.repeat(64)}: already exists`;
  const run: Host['run'] = async (command, options) => {
    if (!command.argv.includes('up') || !command.argv.includes('app-green')) return real.run(command, options);
    const files = ['-p', settings.project, '-f', join(directory, 'compose.yml')];
    await execa('docker', ['compose', ...files, 'create', 'app-green']);
    const ended = { exitCode: 1, signal: null, timedOut: false, cancelled: false, durationMs: 1 };
    throw new CommandError({ command, ...ended, stdout: '', stderr });
  };
  return new Proxy(real, { get: (target, name) => (name === 'run' ? run : Reflect.get(target, name)) as unknown });
}

/** A Compose that goes on for so long after it has done its work. */
function slowCompose(real: Host, lasts: () => Promise<void>): Host {
  const run: Host['run'] = async (command, options) => {
    const result = await real.run(command, options);
    if (command.argv.includes('up') && command.argv.includes('app-green')) await lasts();
    return result;
  };
  return new Proxy(real, { get: (target, name) => (name === 'run' ? run : Reflect.get(target, name)) as unknown });
}

async function restartPolicy(): Promise<string | undefined> {
  const container = await findContainer(new Docker(), settings.project, 'app-green');
  const { HostConfig } = await new Docker().getContainer(container?.id ?? '').inspect();
  return HostConfig.RestartPolicy?.Name;
}

async function untilRunning(): Promise<number> {
  for (;;) {
    const container = await findContainer(host.docker, settings.project, 'app-green');
    if (container?.running) return (await host.docker.getContainer(container.id).inspect()).State.Pid;
    await sleep(20);
  }
}

test('an env file that Compose cannot read ends the step in words that hold nothing of it', async () => {
  const path = join(directory, 'shop.env');
  await writeFile(path, 'API_TOKEN="c4nary-4711\n');
  settings = { ...settings, envFile: 'shop.env' };
  const failure = await start().catch((error: unknown) => error as ApplicationFailure);
  expect(failure).toMatchObject({
    type: 'CommandFailed',
    message: expect.stringContaining(`${path}, line 1: `) as string,
  });
  expect(inspect(failure, { depth: Infinity })).not.toContain('c4nary');
});

describe('a slot that is being started', () => {
  test('and is killed from outside is started again by the next attempt', async () => {
    const failing = failureOf(start());
    process.kill(await untilRunning(), 'SIGKILL');
    expect(await failing).toEqual({ type: 'CommandFailed', message: 'app-green was killed (SIGKILL)' });
    await tell('healthy');
    expect((await start()).container).toMatch(/^[0-9a-f]{64}$/);
  });

  test('and ends by itself is not: it would end again', async () => {
    await tell('die');
    expect(await failureOf(start())).toEqual({ type: 'SlotUnhealthy', message: 'app-green exited with code 3' });
  });

  test('while the engine crashes says nothing about its release: the engine stops what still runs', async () => {
    const { docker, cut } = await engineSocket(directory);
    host = new LocalHost({ stateDirectory: join(directory, 'state'), docker });
    const failing = failureOf(start());
    await untilRunning();
    cut();
    await execa('docker', ['stop', (await findContainer(new Docker(), settings.project, 'app-green'))?.id ?? '']);
    expect(await failing).toEqual({
      type: 'DockerUnavailable',
      message: 'Docker went away while app-green was started',
    });
    await tell('healthy');
    expect((await start()).container).toMatch(/^[0-9a-f]{64}$/);
  });

  test('and that the engine cannot start any more gets another container', async () => {
    const real = host;
    host = startedHalfway(real);
    expect(await failureOf(start())).toMatchObject({ type: 'CommandFailed' });
    expect(await findContainer(real.docker, settings.project, 'app-green')).toBeNull();
    host = real;
    await tell('healthy');
    expect((await start()).container).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('a slot that is healthy', () => {
  test('is not waited for any more, though Compose has not noticed yet', async () => {
    await tell('healthy');
    host = slowCompose(host, () => new Promise(() => undefined));
    expect((await start()).container).toMatch(/^[0-9a-f]{64}$/);
  });

  test('is waited for by Compose where it was up before, and where it has more than one container', async () => {
    const ended: string[] = [];
    const real = host;
    await tell('healthy');
    await start();
    host = slowCompose(real, async () => void ended.push('as it was'));
    await start();
    expect(ended).toEqual(['as it was']);
    await writeFile(join(directory, 'compose.yml'), compose.replace('profiles:', 'scale: 2\n    profiles:'));
    host = slowCompose(real, async () => void ended.push('two of them'));
    await start();
    expect(ended).toEqual(['as it was', 'two of them']);
  });
});

describe('a slot that comes back with the engine', () => {
  test('does not once it was stopped, and does again when it is started', async () => {
    const always = compose.replace('profiles:', 'restart: always\n    profiles:');
    await writeFile(join(directory, 'compose.yml'), always);
    await tell('healthy');
    await start();
    expect(await restartPolicy()).toBe('always');
    await new MockActivityEnvironment().run(steps.stopSlots, { settings, slots: ['green'] as const });
    expect(await restartPolicy()).toBe('unless-stopped');
    await start();
    expect(await restartPolicy()).toBe('always');
  });
});
