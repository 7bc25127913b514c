import { randomUUID } from 'node:crypto';
import { posix } from 'node:path';
import type { SFTPWrapper } from 'ssh2';
import { directoryMode } from '../directory-mode.js';

type Done<Value> = (error: Error | undefined | null, value: Value) => void;

/** SFTP's own words for what Node calls by code. */
const codes: Readonly<Record<number, string>> = { 2: 'ENOENT', 3: 'EACCES' };

/** Content of a file; `null` when it does not exist. */
export async function readFile(sftp: SFTPWrapper, path: string): Promise<string | null> {
  try {
    const content = await ask<Buffer>(path, (done) => sftp.readFile(path, done));
    return content.toString('utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Writes beside, syncs and renames over what is there. */
export async function writeFile(
  sftp: SFTPWrapper,
  path: string,
  { content, mode }: { content: string; mode: number },
): Promise<void> {
  await makeDirectories(sftp, posix.dirname(path));
  const beside = `${path}.${randomUUID()}.tmp`;
  await writeSynced(sftp, beside, { content, mode });
  await ask<void>(path, (done) => sftp.ext_openssh_rename(beside, path, (error) => done(error, undefined)));
}

/** Free for this user on the file system of `path`. */
export async function freeBytes(sftp: SFTPWrapper, path: string): Promise<number> {
  const { f_bavail, f_frsize } = await ask<{ f_bavail: number; f_frsize: number }>(path, (done) =>
    sftp.ext_openssh_statvfs(path, done as never),
  );
  return Number(f_bavail) * Number(f_frsize);
}

interface Written {
  readonly content: string;
  readonly mode: number;
}

async function writeSynced(sftp: SFTPWrapper, path: string, { content, mode }: Written): Promise<void> {
  const handle = await ask<Buffer>(path, (done) => sftp.open(path, 'wx', mode, done));
  const bytes = Buffer.from(content);
  try {
    await ask<void>(path, (done) => sftp.write(handle, bytes, 0, bytes.length, 0, (error) => done(error, undefined)));
    await ask<void>(path, (done) => sftp.ext_openssh_fsync(handle, (error) => done(error, undefined)));
  } finally {
    await ask<void>(path, (done) => sftp.close(handle, (error) => done(error, undefined)));
  }
}

async function makeDirectories(sftp: SFTPWrapper, path: string): Promise<void> {
  if (await exists(sftp, path)) return;
  await makeDirectories(sftp, posix.dirname(path));
  try {
    await ask<void>(path, (done) => sftp.mkdir(path, { mode: directoryMode }, (error) => done(error, undefined)));
  } catch (error) {
    // Another one was quicker.
    if (!(await exists(sftp, path))) throw error;
  }
}

async function exists(sftp: SFTPWrapper, path: string): Promise<boolean> {
  try {
    await ask(path, (done) => sftp.stat(path, done));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** A call of the library as a promise; its errors say which file, with the code that Node uses. */
function ask<Value>(path: string, call: (done: Done<Value>) => void): Promise<Value> {
  return new Promise((resolve, reject) => {
    call((error, value) => {
      if (!error) return resolve(value);
      const { code } = error as Error & { code?: number };
      const named = new Error(`${path}: ${error.message}`, { cause: error });
      reject(Object.assign(named, typeof code === 'number' && codes[code] ? { code: codes[code] } : {}));
    });
  });
}
