import Docker from 'dockerode';
import { execa } from 'execa';
import { expect, onTestFinished, test } from 'vitest';
import { leftBehind } from '../support/left-behind.js';
import { fileVariable, ownName } from '../support/names.js';

const file = 'test/suite/one-that-forgets.test.ts';

test('a process that a test file has left running is named, and no other', async () => {
  const forgotten = execa('sleep', ['600'], { env: { [fileVariable]: file }, reject: false });
  const other = execa('sleep', ['601'], { env: { [fileVariable]: 'test/suite/another.test.ts' }, reject: false });
  onTestFinished(() => void [forgotten, other].map((child) => child.kill('SIGKILL')));
  await expect.poll(() => leftBehind(file)).toEqual([`process ${forgotten.pid}: sleep 600`]);
  forgotten.kill('SIGKILL');
  await forgotten;
  expect(await leftBehind(file)).toEqual([]);
});

test('a container, a volume and a network that a test file has left are named', async () => {
  const docker = new Docker();
  const own = process.env[fileVariable];
  onTestFinished(() => void (process.env[fileVariable] = own));
  process.env[fileVariable] = file;
  const name = ownName('pm');
  const container = await docker.createContainer({ name, Image: 'python:3.11-slim-bookworm' });
  onTestFinished(() => container.remove({ force: true }) as Promise<void>);
  await docker.createVolume({ Name: name });
  onTestFinished(() => docker.getVolume(name).remove());
  const network = await docker.createNetwork({ Name: name });
  onTestFinished(() => network.remove() as Promise<void>);
  expect(await leftBehind(file)).toEqual([`container ${name}`, `volume ${name}`, `network ${name}`]);
});
