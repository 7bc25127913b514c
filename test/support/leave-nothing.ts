import { readdir, readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Docker from 'dockerode';
import { afterAll, expect } from 'vitest';
import { cleanUpFile } from './at-file-end.js';
import { fileVariable, tagOf } from './names.js';

// For test files that start processes or containers: a file that leaves one behind fails, and says which.

/** A process that was told to end may take a moment for it. */
const processesEndWithinMs = 10_000;
const file = relative(process.cwd(), expect.getState().testPath ?? '');
// At once: some files choose names as they are loaded.
process.env[fileVariable] = file;

// Registered before any hook of the file itself, and so the last to be called.
afterAll(async () => {
  await cleanUpFile();
  const deadline = Date.now() + processesEndWithinMs;
  let left = await leftBehind(file);
  while (left.length > 0 && Date.now() < deadline) {
    await sleep(100);
    left = await leftBehind(file);
  }
  expect(left, `${file} leaves nothing behind`).toEqual([]);
});

/** Names of all that a test file has made and not removed. */
async function leftBehind(owner: string): Promise<string[]> {
  const found = await Promise.all([processesOf(owner), dockerObjectsOf(tagOf(owner))]);
  return found.flat();
}

async function processesOf(owner: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(pids.map((pid) => describeProcess(pid, owner).catch(() => null)));
  return found.filter((one) => one !== null);
}

/** `null` for a process of somebody else, and for one that has ended and only waits to be noticed. */
async function describeProcess(pid: string, owner: string): Promise<string | null> {
  const environment = await readFile(`/proc/${pid}/environ`, 'utf8');
  if (!environment.split('\0').includes(`${fileVariable}=${owner}`)) return null;
  const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ').trim();
  return command ? `process ${pid}: ${command}`.slice(0, 200) : null;
}

async function dockerObjectsOf(tag: string): Promise<string[]> {
  const docker = new Docker();
  const ours = (name: string): boolean => name.includes(`-${tag}`);
  const [containers, { Volumes: volumes }, networks] = await Promise.all([
    docker.listContainers({ all: true }),
    docker.listVolumes(),
    docker.listNetworks(),
  ]);
  return [
    ...containers.flatMap(({ Names }) => Names.filter(ours).map((name) => `container ${name.slice(1)}`)),
    ...volumes
      .map(({ Name }) => Name)
      .filter(ours)
      .map((name) => `volume ${name}`),
    ...networks
      .map(({ Name }) => Name)
      .filter(ours)
      .map((name) => `network ${name}`),
  ];
}
