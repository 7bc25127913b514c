import { execa } from 'execa';
import { expect, test } from 'vitest';
import { SqliteDatabase, type ToolRunner } from '../../src/database/sqlite.js';
import { SqliteApp } from '../support/sqlite-app.js';

const megabytes = 1024;
const timestamp = '20261123T092334Z';

/** Runs its arguments and says on the last line of standard error how much memory they had at most, in kilobytes. */
const measured = `
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)`;

test('backup, verification and restore of 300 MB take less than 100 MB of memory, and say how far they are', async () => {
  const app = await SqliteApp.create();
  await app.python(`
db.execute("CREATE TABLE files (id INTEGER PRIMARY KEY, content BLOB)")
db.execute("BEGIN")
for number in range(3000): db.execute("INSERT INTO files (content) VALUES (zeroblob(100000))")
db.execute("COMMIT")`);
  const runs: { command: string; kilobytes: number; said: { step: string; bytes?: number; done?: number }[] }[] = [];
  const tool: ToolRunner = async ({ argv }) => {
    const { exitCode, stdout, stderr } = await execa('python3', ['-c', measured, ...argv], { reject: false });
    const lines = stderr.split('\n');
    const said = lines.slice(0, -1).map((line) => JSON.parse(line) as { step: string });
    runs.push({ command: argv[3] ?? '', kilobytes: Number(lines.at(-1)), said });
    return { exitCode: exitCode ?? -1, stdout, stderr };
  };
  const database = new SqliteDatabase(tool, { database: app.file, migrationTable: null });
  const backup = await database.backup({ timestamp, deployId: 'run-1', releaseFrom: 'v1', releaseTo: 'v2' });
  await database.verify(backup?.file ?? '', '1', true);
  await database.fingerprint('1');
  await app.python('db.execute("DELETE FROM files WHERE id = 1")');
  const { tables } = await database.restore(backup?.file ?? '', timestamp, 30);
  expect(tables).toEqual([{ table: 'files', onlyInSalvage: 0, onlyInBackup: 1, changed: 0 }]);
  expect(runs.map(({ command }) => command)).toEqual(['backup', 'verify', 'fingerprint', 'restore']);
  for (const { kilobytes } of runs) expect(kilobytes).toBeLessThan(100 * megabytes);
  const [made] = runs;
  expect([...new Set(made?.said.map(({ step }) => step))]).toEqual(['copy', 'check', 'hash']);
  for (const { bytes = 0, done = 0 } of made?.said ?? []) {
    expect(bytes).toBeGreaterThan(300_000_000);
    expect(done).toBeLessThanOrEqual(bytes);
  }
}, 240_000);
