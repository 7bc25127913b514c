import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Traffic } from '../../bench/traffic.js';
import type { BackupManifest, TableReport } from '../../src/model/database.js';
import { Playground, type Ran } from '../support/playground.js';
import { trafficBeside } from '../support/under-traffic.js';

interface Listed {
  readonly backups: readonly (BackupManifest & { kind: string; rollbackTarget: boolean })[];
  readonly salvages: readonly { file: string; note: { backup: string; tables: readonly TableReport[] } }[];
}

let place: Playground;
/** Made by hand, beside the database. */
let manual: string;

const demo = ['-e', 'demo'] as const;

async function list(): Promise<Listed> {
  const { stdout } = await place.start('backups', ...demo, '--json');
  return JSON.parse(stdout) as Listed;
}

function lastLine({ out }: Ran): Record<string, unknown> {
  return JSON.parse(out.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
}

beforeAll(async () => {
  place = await Playground.create();
  for (const release of ['v1', 'v2']) {
    const { code, out } = await place.deploy(release);
    expect(out).toContain(`(${release})`);
    expect(code, out).toBe(0);
  }
});
afterAll(() => place?.[Symbol.asyncDispose]());

describe('a backup that a person asks for', () => {
  test('is made while the slot writes, and its name is printed', async () => {
    const traffic = trafficBeside(place);
    await traffic.atLeast(200);
    const { code, out } = await place.run('backup', 'now', ...demo, '--reason', 'before the import');
    const { failed } = await traffic.stop();
    manual = /backup: (app\.db\.manual-\d{8}T\d{6}Z), /.exec(out)?.[1] ?? out;
    expect({ code, failed }).toEqual({ code: 0, failed: 0 });
    expect(await place.files()).toEqual(expect.arrayContaining([manual, `${manual}.json`]));
  });

  test('is listed first, before that of the deploy, which is marked as the rollback target', async () => {
    const { backups, salvages } = await list();
    expect(
      backups.map(({ kind, releaseFrom, releaseTo, rollbackTarget }) => [kind, releaseFrom, releaseTo, rollbackTarget]),
    ).toEqual([
      ['manual', 'v2', 'v2', false],
      ['pre-deploy', 'v1', 'v2', true],
    ]);
    expect(salvages).toEqual([]);
    const { out } = await place.run('backups', ...demo);
    expect(out.split('\n')[0]).toMatch(new RegExp(`^${manual}  manual .* of v2$`));
  });

  test('goes into a directory of its own once that is configured, and the earlier ones are still found', async () => {
    await place.database({ backups: '/app/data/kept' });
    const { code, out } = await place.run('backup', 'now', ...demo, '--json');
    expect(code, out).toBe(0);
    const { file } = lastLine({ code, out })['backup'] as BackupManifest;
    expect(await place.files()).not.toContain(file);
    expect((await list()).backups.map((backup) => backup.file)).toEqual(expect.arrayContaining([file, manual]));
    const verified = await place.run('backups', 'verify', ...demo);
    expect(verified.code, verified.out).toBe(0);
    expect(verified.out.match(/^ok /gm)).toHaveLength(3);
  });
});

describe('a restore that a person asks for', () => {
  test('without a terminal and without --yes shows what it would do, and does nothing', async () => {
    const { code, out } = await place.run('restore', manual, ...demo);
    expect(code, out).toBe(2);
    expect(out).toContain(`put back   ${manual}`);
    expect(out).toContain('schema and migration state are those of the backup');
    expect(out).toContain('without a terminal a restore needs --yes');
    expect((await list()).salvages).toEqual([]);
  });

  test('of a name that is not there says which there are', async () => {
    const { code, out } = await place.run('restore', 'app.db.manual-20200101T000000Z', ...demo, '--yes');
    expect(code, out).toBe(2);
    expect(out).toContain(`Backups: `);
    expect(out).toContain(manual);
  });

  test('under a slot that writes keeps every row in the database or in the salvage, and the report adds up', async () => {
    const traffic = new Traffic({ port: place.port });
    await traffic.atLeast(400);
    const ran = await place.run('restore', manual, ...demo, '--yes', '--json');
    await traffic.atLeast(400);
    const { failed, written } = await traffic.stop();
    expect({ code: ran.code, failed }).toEqual({ code: 0, failed: 0 });
    const { salvage, tables } = lastLine(ran)['restored'] as { salvage: string; tables: TableReport[] };
    const [live, aside, inBackup] = [await place.notes(), await place.notes(salvage), await place.notes(manual)];
    expect(written.filter((id) => !live.has(id) && !aside.has(id))).toEqual([]);
    expect([...inBackup].filter((id) => !live.has(id))).toEqual([]);
    const notes = tables.find(({ table }) => table === 'notes');
    expect(notes).toEqual({ table: 'notes', onlyInSalvage: aside.size - inBackup.size, onlyInBackup: 0, changed: 0 });
    expect(notes?.onlyInSalvage).toBeGreaterThan(0);
    expect((await list()).salvages).toMatchObject([{ file: salvage, note: { backup: manual, tables } }]);
    expect(await place.live()).toEqual({ slot: 'green', release: 'v2' });
  });

  test('is refused while a deploy runs, with who and what', async () => {
    const deploying = place.deploy('hanging');
    await place.untilRunning('composeUpWait');
    for (const words of [
      ['restore', manual, '--yes'],
      ['backup', 'now'],
    ]) {
      const { code, out } = await place.run(...words, ...demo);
      expect(code, out).toBe(6);
      expect(out).toMatch(/is busy: deploy hanging by .+, since \d{4}-/);
    }
    expect(await place.run('abort', ...demo)).toEndWith(7);
    await deploying;
  });
});

test('a backup that was damaged is found, told apart from the good ones, and cannot be put back', async () => {
  await place.python(`f = open(${JSON.stringify(manual)}, 'r+b'); f.seek(4096); f.write(b'x' * 100); f.close()`);
  const verified = await place.run('backups', 'verify', ...demo);
  expect(verified.code, verified.out).toBe(3);
  expect(verified.out).toContain(`bad  ${manual}`);
  expect(verified.out.match(/^ok /gm)?.length).toBeGreaterThan(1);
  const before = await place.notes();
  const { code, out } = await place.run('restore', manual, ...demo, '--yes');
  expect(code, out).toBe(3);
  expect(out).toContain('it was changed or damaged');
  expect(await place.notes()).toEqual(before);
});

test('what was done to the database is in the history, and can be rolled back past', async () => {
  const { out } = await place.run('history', ...demo);
  expect(out).toMatch(/ restore +v2 +succeeded /);
  expect(await place.run('rollback', ...demo)).toEndWith(0);
  expect(await place.live()).toEqual({ slot: 'blue', release: 'v1' });
});
