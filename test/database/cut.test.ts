import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, onTestFinished, test } from 'vitest';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Cuts a command at each of its boundaries in turn, runs it again, and returns what was there each time. */
async function sweep(command: string): Promise<unknown[]> {
  const directory = await mkdtemp(join(tmpdir(), 'pointsman-cut-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const { stdout } = await execa('python3', [at('cut-sweep.py'), command, directory], {
    env: { PYTHONPATH: at('../../src/database'), PYTHONDONTWRITEBYTECODE: '1' },
  });
  const outcomes = stdout.split('\n').map((line) => JSON.parse(line) as { at: number });
  expect(outcomes.length).toBeGreaterThan(15);
  return outcomes.map((outcome) => ({ ...outcome, at: undefined }));
}

test('a backup that is killed anywhere leaves a whole one or none, and the next attempt makes it', async () => {
  const name = 'app.db.pre-deploy-20260101T000000Z';
  const expected = { foundIsWhole: true, again: 0, names: ['app.db', name, `${name}.json`] };
  for (const outcome of await sweep('backup')) expect(outcome).toEqual(expected);
}, 180_000);

test.each([
  ['of a migrated database', 'restore-migrated'],
  ['of a database in which only rows differ', 'restore-rows'],
])(
  'a restore %s that is killed anywhere is finished by the next attempt, once, and loses no row',
  async (_, command) => {
    const expected = {
      again: [0, 0],
      keptAside: true,
      nothingLost: true,
      live: ['after the restore', 'old'],
      reported: 'reported',
      names: [],
    };
    for (const outcome of await sweep(command)) expect(outcome).toEqual(expected);
  },
  180_000,
);
