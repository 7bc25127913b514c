import { resolve } from 'node:path';
import type { Host } from '../hosts/host.js';
import type { Settings } from '../model/settings.js';
import { parseEnvFile } from './env-syntax.js';

type Project = Pick<Settings, 'directory' | 'envFile'>;

/** Where the app's env file is on the host; it may be named by an absolute path. `null` when there is none. */
export function envFilePath({ directory, envFile }: Project): string | null {
  return envFile === null ? null : resolve(directory, envFile);
}

/** The app's env file as {@link readEnvLines} reads it; nothing when there is no such file. */
export async function readEnvFile(host: Pick<Host, 'readFile'>, project: Project): Promise<string[]> {
  const path = envFilePath(project);
  return path === null ? [] : readEnvLines(host, path);
}

/**
 * `NAME=value` for each variable of an env file, with the value as Compose reads it, and each line as it is written: of a file
 * that Compose refuses these are all there is to know secrets from. Contains secrets: never to be shown.
 */
export async function readEnvLines(host: Pick<Host, 'readFile'>, path: string): Promise<string[]> {
  const text = (await host.readFile(path)) ?? '';
  const read = parseEnvFile(text).variables.map(({ name, value }) => `${name}=${value}`);
  return [...read, ...text.split('\n')];
}
