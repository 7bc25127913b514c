import { resolve } from 'node:path';
import type { Host } from '../hosts/host.js';
import type { Settings } from '../model/settings.js';

type Project = Pick<Settings, 'directory' | 'envFile'>;

/** Where the app's env file is on the host; it may be named by an absolute path. `null` when there is none. */
export function envFilePath({ directory, envFile }: Project): string | null {
  return envFile === null ? null : resolve(directory, envFile);
}

/** A value in quotes may have several lines. */
const quoted = /^[ \t]*(?:export[ \t]+)?[A-Za-z_][\w.-]*[ \t]*[=:][ \t]*(?:"(?:[^"\\]|\\[^])*"|'[^']*')/gm;

/**
 * `NAME=value` as the app's env file has it, with quotes, escapes and comments, and its lines one by one besides; none when
 * there is no such file.
 */
export async function readEnvFile(host: Pick<Host, 'readFile'>, project: Project): Promise<string[]> {
  const path = envFilePath(project);
  const text = path === null ? '' : ((await host.readFile(path)) ?? '');
  return [...text.split('\n'), ...(text.match(quoted) ?? [])];
}
