import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import Docker from 'dockerode';
import { execa } from 'execa';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { execIn, findContainer } from '../../src/docker/container.js';
import { ownName } from '../support/names.js';

/** The example's Litestream service and its S3 server, as a Compose project of this file alone. */
const directory = fileURLToPath(new URL('../../examples/notes', import.meta.url));
const project = ownName('entrypoint');
const files = ['-f', 'compose.yml', '-f', 'compose.demo.yml', '--env-file', '.env.demo'];
const docker = new Docker();

function compose(...args: string[]) {
  return execa('docker', ['compose', '-p', project, ...files, ...args], { cwd: directory, reject: false, all: true });
}

/** Runs Python in the app's volume. */
async function python(code: string): Promise<string> {
  const args = ['run', '--rm', '--network', 'none', '-v', `${project}_app-data:/data`, 'python:3.11-slim-bookworm'];
  const opening = 'import glob, json, os, sqlite3\nos.chdir("/data")\n';
  return (await execa('docker', [...args, 'python3', '-c', opening + code])).stdout;
}

const rows = () => python('print([t for (t,) in sqlite3.connect("app.db").execute("SELECT text FROM notes")])');
const content = () => python('print(sorted(name for name in os.listdir(".") if name.startswith("app.db")))');
const wipe = () =>
  python('import shutil\nfor n in os.listdir("."): shutil.rmtree(n) if os.path.isdir(n) else os.remove(n)');

function write(text: string): Promise<string> {
  return python(`
db = sqlite3.connect("app.db", isolation_level=None)
db.execute("PRAGMA journal_mode = WAL")
db.execute("CREATE TABLE IF NOT EXISTS notes (text TEXT)")
db.execute("INSERT INTO notes VALUES (?)", (${JSON.stringify(text)},))
`);
}

/** Starts the service as a deploy does, until it is healthy: the restore is over. */
async function start(): Promise<void> {
  const { exitCode, all } = await compose('up', '-d', '--wait', 's3', 'litestream');
  expect(all).toContain('Healthy');
  expect(exitCode).toBe(0);
}

/** Waits until all that is committed has reached the replica, and stops Litestream. */
async function replicated(): Promise<void> {
  const id = (await findContainer(docker, project, 'litestream'))?.id ?? '';
  const sync = [
    'litestream',
    'sync',
    '-wait',
    '-timeout',
    '60',
    '-socket',
    '/var/run/litestream.sock',
    '/app/data/app.db',
  ];
  for (;;) {
    const { exitCode, stdout, stderr } = await execIn(docker, id, sync);
    if (exitCode === 0) break;
    // Its socket is opened a moment after the service counts as restored.
    if (!/socket|connect|not found|not open/i.test(stdout + stderr)) throw new Error(stdout + stderr);
    await pause(100);
  }
  await compose('stop', 'litestream');
}

/** One start of the service that ends by itself, with variables that a test changes. */
async function startAlone(...changed: string[]): Promise<{ code: number | undefined; said: string }> {
  const { exitCode, all } = await compose(
    'run',
    '--rm',
    '--no-deps',
    ...changed.flatMap((set) => ['-e', set]),
    'litestream',
  );
  return { code: exitCode, said: all };
}

beforeAll(async () => {
  await start();
  await write('replicated');
  await replicated();
});

beforeEach(wipe);

afterAll(async () => {
  await compose('--profile', '*', 'down', '-v', '--timeout', '2');
});

test('an empty volume gets the database of the replica, owned by the app', async () => {
  await start();
  expect(await rows()).toBe("['replicated']");
  expect(await python('print(os.stat("app.db").st_uid)')).toBe('1000');
  await compose('stop', 'litestream');
});

test('a database file without content is none: it gets that of the replica too', async () => {
  await python('open("app.db", "w")');
  await start();
  expect(await rows()).toBe("['replicated']");
  await compose('stop', 'litestream');
});

test('a database that is there is never touched', async () => {
  await write('of this host');
  await start();
  expect(await rows()).toBe("['of this host']");
  await compose('kill', 'litestream');
});

test('a -wal without its database is left for people to look at', async () => {
  await python('open("app.db-wal", "w").write("pages")');
  const { code, said } = await startAlone();
  expect(said).toContain('app.db-wal is there without its database');
  expect(code).toBe(1);
  expect(await content()).toBe("['app.db-wal']");
});

test.each([
  ['the wrong bucket', 'LITESTREAM_R2_BUCKET=nowhere', 'NoSuchBucket'],
  ['the wrong secret', 'LITESTREAM_SECRET_ACCESS_KEY=wrong-secret-of-this-machine', 'SignatureDoesNotMatch'],
  ['the wrong host', 'LITESTREAM_R2_ENDPOINT=http://nowhere.invalid:9000', 'nowhere.invalid'],
])('with %s nothing is restored, and nothing is started on an empty database', async (_, changed, reason) => {
  const { code, said } = await startAlone(changed);
  expect(said).toContain(reason);
  expect(code).not.toBe(0);
  expect(await content()).toBe('[]');
});

test('with a replica that cannot be reached neither', async () => {
  await compose('kill', 's3');
  const { code, said } = await startAlone('LITESTREAM_R2_ENDPOINT=http://127.0.0.1:9');
  expect(said).toContain('connection refused');
  expect(code).not.toBe(0);
  expect(await content()).toBe('[]');
});
