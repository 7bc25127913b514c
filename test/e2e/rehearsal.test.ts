import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { whoIsUp } from '../../src/temporal/presence.js';
import { HistoryWatch } from '../support/history-watch.js';
import { historyText } from '../support/history-text.js';
import { imageRepository, Playground, type Identity } from '../support/playground.js';
import { trafficBeside } from '../support/under-traffic.js';

let place: Playground;
let unchanged: Record<string, Identity>;

const migrate = ['python', '-m', 'app.migrate'];

/** A release like another one, whose migrations are what this Python does. */
async function releaseThatMigratesWith(tag: string, code: string): Promise<void> {
  const run = `RUN ["python", "-c", ${JSON.stringify(write(code))}]`;
  const lines = [`FROM ${imageRepository}:v1`, 'USER 0', run, 'USER 1000:1000'];
  await execa('docker', ['build', '-t', `${imageRepository}:${tag}`, '-'], {
    env: { DOCKER_BUILDKIT: '0' },
    input: `${lines.join('\n')}\n`,
  });
}

function write(code: string): string {
  return `open('/app/app/rehearsed.py', 'w').write(${JSON.stringify(code)})`;
}

async function leftOvers(): Promise<string> {
  const label = ['--filter', `label=io.pointsman.project=${place.project}`, '--filter', 'label=io.pointsman.scratch'];
  const [containers, volumes] = await Promise.all([
    execa('docker', ['ps', '-aq', ...label]),
    execa('docker', ['volume', 'ls', '-q', ...label]),
  ]);
  return containers.stdout + volumes.stdout;
}

async function schema(): Promise<string> {
  return place.python('print(db.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall())');
}

beforeAll(async () => {
  place = await Playground.create();
  await place.database({ migrate });
  const { code, out } = await place.deploy('v1');
  expect(out).toContain('rehearseMigration');
  expect(code, out).toBe(0);
  unchanged = await place.identities();
  await releaseThatMigratesWith(
    'calls-out',
    "import urllib.request; urllib.request.urlopen('http://router:5000/healthz', timeout=5)",
  );
  await releaseThatMigratesWith('endless', "import time; print('began', flush=True); time.sleep(600)");
  await releaseThatMigratesWith('talks', "import os, sys; sys.exit(os.environ['APP_TOKEN'])");
});
afterAll(async () => {
  await place?.[Symbol.asyncDispose]();
  const tags = ['calls-out', 'endless', 'talks'].map((tag) => `${imageRepository}:${tag}`);
  await execa('docker', ['rmi', '-f', ...tags], { reject: false });
});

test('a release without new migrations says so and goes live', async () => {
  const { code, out } = await place.deploy('v2');
  expect(out).toMatch(/rehearseMigration .* nothing to migrate \(\d+\.\d s on a copy of [\d.]+ kB\)/);
  expect(code, out).toBe(0);
});

const planned = ['deploy', '-e', 'demo', '--plan', '--rehearse', '--release'] as const;

test('a plan says how long a migration is expected to hold the database, and leaves all as it was', async () => {
  const [before, files, live] = [await schema(), await place.files(), await place.live()];
  const identities = await place.identities();
  const { code, out } = await place.run(...planned, 'with-migration');
  expect(out).toMatch(/rehearsed migrated in \d+\.\d s on a copy of .*; the real one is expected to hold the database/);
  expect(out).toContain('│ applied 0003_tags');
  expect(out).toContain('ready to deploy; nothing was started or changed');
  expect(code, out).toBe(0);
  expect([await schema(), await place.files(), await place.live()]).toEqual([before, files, live]);
  expect(await place.identities()).toEqual(identities);
  expect(await leftOvers()).toBe('');
});

test('a plan of a release whose migration fails says so with its own words, and ends with 3', async () => {
  const { code, out } = await place.run(...planned, 'failing-migration');
  expect(out).toMatch(/rehearsed the migration exited with code 1: .*no such table: nowhere/);
  expect(out).toContain('the deploy would end at its rehearsal; nothing was started or changed');
  expect(code, out).toBe(3);
  expect(await leftOvers()).toBe('');
});

test('a migration is run on a copy first, and its time is told before the real one', async () => {
  const traffic = trafficBeside(place);
  const { code, out } = await place.deploy('with-migration');
  const { failures, written } = await traffic.stop();
  expect(out).toMatch(/migrated in \d+\.\d s on a copy of .*; the real one is expected to hold the database for \d/);
  expect(out).toContain('│ applied 0003_tags');
  expect(code, out).toBe(0);
  expect(failures).toEqual({});
  const notes = await place.notes();
  expect(written.filter((id) => !notes.has(id))).toEqual([]);
  expect(await leftOvers()).toBe('');
});

test('a migration that fails is refused with its own words, and nothing is touched', async () => {
  const [before, files, live] = [await schema(), await place.files(), await place.live()];
  const { code, out } = await place.deploy('failing-migration');
  expect(code, out).toBe(3);
  expect(out).toMatch(
    /deploy failed at rehearseMigration:.* the migration exited with code 1: .*no such table: nowhere/,
  );
  expect(out).toContain('── migration on a copy, last');
  expect(out).toContain('Traceback (most recent call last):');
  expect(out).toContain('Nothing was switched and nothing had to be undone.');
  expect([await schema(), await place.files(), await place.live()]).toEqual([before, files, live]);
  expect(await place.identities()).toEqual(unchanged);
  expect(await leftOvers()).toBe('');
});

test('a migration has no network, unless it is configured', async () => {
  await place.database({ migrate: ['python', '-m', 'app.rehearsed'] });
  const { code, out } = await place.deploy('calls-out');
  expect(code, out).toBe(3);
  expect(out).toMatch(/the migration exited with code 1: .*(name resolution|Name or service)/);
  await place.database({ migrate: ['python', '-m', 'app.rehearsed'], rehearsal: { network: true } });
  const second = await place.deploy('calls-out');
  expect(second.out).toContain('nothing to migrate');
  expect(second.code, second.out).toBe(0);
});

test('a migration that does not end is ended at the limit, and the message names the option', async () => {
  await place.database({ migrate: ['python', '-m', 'app.rehearsed'], rehearsal: { timeout: '3s' } });
  const { code, out } = await place.deploy('endless');
  expect(code, out).toBe(3);
  expect(out).toContain('the migration did not end within 3 s (database.rehearsal.timeout)');
  expect(await leftOvers()).toBe('');
});

test('a secret that the migration prints is in nothing that is said or kept', async () => {
  const secret = 'canary-6f1d2c';
  await place.edit('.env.demo', (text) => `${text}\nAPP_TOKEN=${secret}\n`);
  await place.edit('compose.yml', (text) =>
    text.replaceAll('    environment:\n      SLOT:', '    environment:\n      APP_TOKEN: ${APP_TOKEN:-}\n      SLOT:'),
  );
  await place.database({ migrate: ['python', '-m', 'app.rehearsed'] });
  const { code, out } = await place.deploy('talks');
  expect(code, out).toBe(3);
  expect(out).toContain('the migration exited with code 1: ');
  expect(out).not.toContain(secret);
  await using history = await HistoryWatch.open(place.temporalPort, `${place.project}/demo`);
  expect(historyText(await history.fetch())).not.toContain(secret);
});

test('a worker that is killed in the middle: the next one begins the rehearsal anew, and nothing is left over', async () => {
  await place.database({ migrate: ['python', '-m', 'app.rehearsed'], rehearsal: { timeout: '20s' } });
  const deploying = place.start('deploy', '-e', 'demo', '--release', 'endless');
  await untilRehearsing();
  process.kill((await whoIsUp(place.home))?.pid ?? 0, 'SIGKILL');
  process.kill(Number(await readFile(join(place.home, 'temporal.pid'), 'utf8')), 'SIGKILL');
  const { exitCode, all } = await deploying;
  expect(all).toContain('the migration did not end within 20 s');
  expect(exitCode).toBe(3);
  expect(await leftOvers()).toBe('');
});

async function untilRehearsing(): Promise<void> {
  for (;;) {
    const { stdout } = await execa('docker', [
      'ps',
      '-q',
      '--filter',
      `name=pointsman-${place.project}-demo-rehearsal`,
    ]);
    if (stdout !== '' && (await place.container('router'))) return;
  }
}
