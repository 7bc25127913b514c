import { readdir, readFile } from 'node:fs/promises';
import Docker from 'dockerode';
import { fileVariable, tagOf } from './names.js';

/** Names of all that a test file has made and not removed. */
export async function leftBehind(owner: string): Promise<string[]> {
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
