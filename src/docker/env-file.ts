import { resolve } from 'node:path';
import type { Host } from '../hosts/host.js';
import type { Settings } from '../model/settings.js';

type Project = Pick<Settings, 'directory' | 'envFile'>;

/** Where the app's env file is on the host; it may be named by an absolute path. `null` when there is none. */
export function envFilePath({ directory, envFile }: Project): string | null {
  return envFile === null ? null : resolve(directory, envFile);
}

/** Lines of the app's env file; none when there is no such file. */
export async function readEnvFile(host: Pick<Host, 'readFile'>, project: Project): Promise<string[]> {
  const path = envFilePath(project);
  return path === null ? [] : ((await host.readFile(path)) ?? '').split('\n');
}
