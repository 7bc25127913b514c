import { availableParallelism } from 'node:os';
import { execa } from 'execa';

/** What the figures were made on, in a few words that go with them. */
export async function machine(): Promise<string> {
  const [docker, compose, nginx] = await Promise.all([
    said('docker', ['version', '--format', '{{.Server.Version}}']),
    said('docker', ['compose', 'version', '--short']),
    said('docker', ['run', '--rm', '--network', 'none', 'nginx:1.30', 'nginx', '-v']),
  ]);
  const version = /nginx\/([\d.]+)/.exec(nginx)?.[1] ?? 'unknown';
  const cores = `${availableParallelism()} cores for everything, clients included`;
  return `${cores}; Docker ${docker}, Compose ${compose}, nginx ${version}, Node ${process.versions.node}`;
}

async function said(program: string, args: readonly string[]): Promise<string> {
  const { all = '' } = await execa(program, args, { reject: false, all: true });
  return all.trim();
}
