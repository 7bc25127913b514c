import { afterAll, beforeAll, expect, test } from 'vitest';
import { exitCodes } from '../../src/cli/exit-codes.js';
import type { RollbackView } from '../../src/cli/render-rollback.js';
import type { DeployPlan } from '../../src/cli/render-plan.js';
import { imageRepository, Playground } from '../support/playground.js';

let place: Playground;

const demo = ['-e', 'demo'] as const;

async function planOf(release: string): Promise<DeployPlan> {
  const { stdout } = await place.start('deploy', ...demo, '--release', release, '--plan', '--json');
  return JSON.parse(stdout) as DeployPlan;
}

async function backups(): Promise<string[]> {
  const { stdout } = await place.start('backups', ...demo, '--json');
  return (JSON.parse(stdout) as { backups: { file: string }[] }).backups.map(({ file }) => file);
}

/** What a rollback showed before it began. */
async function rollBack(...more: string[]): Promise<RollbackView> {
  const { exitCode, stdout } = await place.start('rollback', ...demo, ...more, '--json');
  expect(exitCode, stdout).toBe(exitCodes.succeeded);
  return JSON.parse(stdout.split('\n')[0] ?? '') as RollbackView;
}

beforeAll(async () => {
  place = await Playground.create();
  await place.database({ keepBackups: 1 });
  expect((await place.deploy('v1')).code).toBe(exitCodes.succeeded);
  expect((await place.deploy('v2')).code).toBe(exitCodes.succeeded);
});
afterAll(() => place?.[Symbol.asyncDispose]());

test('a plan says in order what a deploy would do, and does nothing of it', async () => {
  const before = { ...(await place.identities()), live: await place.live(), backups: await backups() };
  const { code, out } = await place.run('deploy', ...demo, '--release', 'with-migration', '--plan');
  expect(out).toContain('live      green (v2)');
  expect(out).toContain(`next      blue (with-migration) in app-blue, with ${imageRepository}:with-migration`);
  expect(out).toMatch(/composeUpWait[^]*reloadRouter[^]*stopSlots +stop app-green/);
  expect(out).toContain('ready to deploy; nothing was started or changed');
  expect(code, out).toBe(exitCodes.succeeded);
  expect({ ...(await place.identities()), live: await place.live(), backups: await backups() }).toEqual(before);
});

test('a plan of what preflight would refuse says why, and ends with 3', async () => {
  const { code, out } = await place.run('deploy', ...demo, '--release', 'nowhere', '--plan');
  expect(out).toContain(`The image ${imageRepository}:nowhere is not on the host`);
  expect(out).toContain('preflight would refuse it: 1 to mend first');
  expect(code, out).toBe(exitCodes.refused);
});

test('the backups that a plan says would go are those that the deploy removes', async () => {
  const before = await backups();
  const { removes, unknown } = (await planOf('with-migration')).backups;
  expect({ removes, unknown }).toEqual({ removes: before, unknown: null });
  const { code, out } = await place.deploy('with-migration');
  expect(code, out).toBe(exitCodes.succeeded);
  const after = await backups();
  expect(after).toHaveLength(1);
  expect(before).not.toContain(after[0]);
});

test('a rollback past a migration says first that the old release will run on the new schema', async () => {
  const { live, target, database } = await rollBack();
  expect(live).toEqual({ slot: 'blue', release: 'with-migration' });
  expect(target).toMatchObject({ release: 'v2', warm: false });
  expect(target.from).toMatch(/^\d{4}-/);
  expect(target.until).toMatch(/^\d{4}-/);
  expect(target.deployedBy).toContain('@');
  expect(database).toMatchObject({ since: 'changed', why: null });
  expect(database.parts).toContain('schema');
  expect([database.backup]).toEqual(await backups());
  expect(await place.live()).toEqual({ slot: 'green', release: 'v2' });
});

test('a rollback to what still runs and is healthy says that it takes one reload', async () => {
  const blue = await place.container('app-blue');
  await place.docker.getContainer(blue?.id ?? '').start();
  await expect
    .poll(async () => (await place.container('app-blue'))?.health, { timeout: 60_000, interval: 300 })
    .toBe('healthy');
  const { target, database } = await rollBack('--to', 'with-migration');
  expect(target).toMatchObject({ release: 'with-migration', warm: true });
  expect(database).toMatchObject({ since: 'unknown', why: expect.stringContaining('no backup is left') as string });
  expect(await place.live()).toEqual({ slot: 'blue', release: 'with-migration' });
});
