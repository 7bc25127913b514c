import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PostgresApp } from '../support/postgres-app.js';

let app: PostgresApp;
/** Everything that a command of these tests has printed. */
let said = '';

const demo = ['-e', 'demo'] as const;
const deployed = /app\.pre-deploy-\d{8}T\d{6}Z\.dump/;

async function run(...words: string[]): Promise<{ code: number; out: string }> {
  const ran = await app.place.run(...words, ...demo);
  said += ran.out;
  return ran;
}

async function list(): Promise<{ backups: { file: string; kind: string }[]; salvages: { file: string }[] }> {
  return JSON.parse((await run('backups', '--json')).out) as Awaited<ReturnType<typeof list>>;
}

beforeAll(async () => {
  app = await PostgresApp.create();
});
afterAll(() => app?.[Symbol.asyncDispose]());

test('the first deploy starts the server, and there is nothing to back up yet', async () => {
  const { code, out } = await run('deploy', '--release', 'v1');
  expect(out).toContain('there is no database yet');
  expect({ code, live: await app.place.live() }).toEqual({ code: 0, live: { slot: 'blue', release: 'v1' } });
  expect((await app.write('of v1')).status).toBe(201);
});

test('the second deploy backs it up and switches; no read fails, and no acknowledged write is lost', async () => {
  const before = await app.place.container('db');
  const { result, traffic } = await app.during(() => run('deploy', '--release', 'v2'));
  expect(result.out).toMatch(deployed);
  expect({ code: result.code, live: await app.place.live() }).toEqual({
    code: 0,
    live: { slot: 'green', release: 'v2' },
  });
  expect(traffic).toMatchObject({ reads: [200], writes: [201, 503] });
  expect(await app.notes()).toEqual(['of v1', ...traffic.acknowledged]);
  expect(await app.place.container('db')).toMatchObject({ id: before?.id, startedAt: before?.startedAt });
});

test('a release that migrates and never gets healthy is undone, the database is left, and it is said how to go back', async () => {
  const before = await app.notes();
  const { result, traffic } = await app.during(() => run('deploy', '--release', 'broken'));
  const [newest] = (await list()).backups;
  expect(result.code, result.out).toBe(4);
  expect(result.out).toContain(
    `the failed release changed the schema and the migration state; the database was left as it is, and ${newest?.file} is from before. To go back: pointsman restore ${newest?.file}`,
  );
  expect(result.out).not.toMatch(/undone: .*restoreDatabase/);
  expect(await app.place.live()).toEqual({ slot: 'green', release: 'v2' });
  expect(traffic).toMatchObject({ reads: [200], writes: [201, 503] });
  // What the release deleted is gone until a person asks for it.
  expect(await app.sql('SELECT author FROM notes LIMIT 0; SELECT version FROM schema_migrations')).toBe('2');
  expect((await app.notes()).filter((text) => before.includes(text))).toEqual([]);
  expect((await app.write('after the failure')).status).toBe(201);
});

test('a backup that a person asks for is listed, and all of them are whole', async () => {
  const { code, out } = await run('backup', 'now');
  expect(out).toMatch(/backup: app\.manual-\d{8}T\d{6}Z\.dump, /);
  expect(code, out).toBe(0);
  expect((await list()).backups.map(({ kind }) => kind)).toEqual(['manual', 'pre-deploy', 'pre-deploy']);
  const verified = await run('backups', 'verify');
  expect({ code: verified.code, good: verified.out.match(/^ok /gm)?.length }).toEqual({ code: 0, good: 3 });
});

test('a restore that a person asks for brings the old rows and the old schema back, and keeps the new ones aside', async () => {
  const { backups } = await list();
  const wanted = backups.find(({ kind }) => kind === 'pre-deploy')?.file ?? '';
  const plan = await run('restore', wanted);
  expect(plan.code, plan.out).toBe(2);
  expect(plan.out).toContain('its schema and its migration state are not that of the backup');
  expect(plan.out).toContain('without a terminal a restore needs --yes');
  expect(await app.sql('SELECT version FROM schema_migrations')).toBe('2');

  const { code, out } = await run('restore', wanted, '--yes');
  expect(out).toContain(`kept aside`);
  expect(code, out).toBe(0);
  const notes = await app.notes();
  expect(notes[0]).toBe('of v1');
  expect(notes).not.toContain('after the failure');
  expect(await app.sql('SELECT version FROM schema_migrations')).toBe('');
  expect((await app.write('after the restore')).status).toBe(201);
  expect(await app.place.live()).toEqual({ slot: 'green', release: 'v2' });

  const [salvage] = (await list()).salvages;
  const kept = await app.place.container('db');
  const dump = ['exec', kept?.id ?? '', 'pg_restore', '-f', '-', `/backups/${salvage?.file}`];
  expect((await execa('docker', dump)).stdout).toContain('after the failure');
});

test("the database's password is neither in what was printed, nor in a history, nor in a backup's manifest", async () => {
  expect(said).not.toContain(app.password);
  const found = await execa('grep', ['-rlsa', app.password, app.place.home], { reject: false });
  expect(found.stdout).toBe('');
  const server = (await app.place.container('db'))?.id ?? '';
  const manifests = await execa('docker', ['exec', server, 'sh', '-c', 'cat /backups/*.json'], { reject: false });
  expect(manifests.stdout).toContain('"sha256"');
  expect(manifests.stdout).not.toContain(app.password);
});
