import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Host } from '../../src/hosts/host.js';
import { LocalHost } from '../../src/hosts/local-host.js';
import { SshHost } from '../../src/hosts/ssh/ssh-host.js';
import type { MigrationFiles } from '../../src/model/settings.js';
import { migrations } from '../../src/preflight/checks/migrations.js';
import { settings } from '../support/settings.js';
import { SshServer } from '../support/ssh-server.js';
import { fakeHost, world } from './support.js';

const local = new LocalHost({ stateDirectory: '/nowhere' });

async function projectWith(files: Readonly<Record<string, string>>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'pointsman-migrations-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), text);
  }
  return directory;
}

/** What the check says of a directory, one line each. */
async function said(directory: string, wanted: Partial<MigrationFiles>, host: Host = local): Promise<string[]> {
  const database = { ...settings.database!, migrations: { files: [], allow: [], ...wanted } };
  const found = await migrations.run(world({ host, settings: { ...settings, directory, database } }));
  return found.map(({ severity, message, fix }) => `${severity}: ${message} → ${fix}`);
}

test('a project that names no migrations is not searched', async () => {
  expect(await migrations.run(world({ host: fakeHost() }))).toEqual([]);
});

test('everything that is wrong in the files is said at once, with its place', async () => {
  const directory = await projectWith({
    'app/migrations/0001.py': 'def up(conn):\n    conn.execute("CREATE TABLE a (x)")\n',
    "app/migrations/0002 it's; $(x).py": 'def up(conn):\n    conn.executescript("VACUUM")\n',
    'db/old/0001.sql': 'PRAGMA foreign_keys = ON;\n',
    'db/node_modules/0001.sql': 'COMMIT;',
    'db/README.md': 'COMMIT;',
  });
  expect(await said(directory, { files: ['app/migrations/*.py', 'db/**'], allow: ['vacuum'] })).toEqual([
    'error: app/migrations/0002 it\'s; $(x).py:2:5 executescript: conn.executescript("VACUUM") commits first, and then runs each statement in a transaction of its own. → Call execute() once for each statement.',
    'warning: db/old/0001.sql:1:1 foreign-keys: PRAGMA foreign_keys = ON changes nothing inside of a transaction, and does not say so. → Use PRAGMA defer_foreign_keys = ON, or set it in the runner before it begins and run foreign_key_check before it commits.',
  ]);
});

test('a pattern that matches nothing is an error, whether its directory is there or not', async () => {
  const directory = await projectWith({ 'db/0001.sql': 'SELECT 1;', 'db/2.txt': '' });
  await symlink('0001.sql', join(directory, 'db', '0003.sql'));
  const found = await said(directory, { files: ['db/*.py', 'db/0003.sql', 'dv/*.sql', 'db/*.sql'] });
  expect(found).toHaveLength(3);
  expect(found[0]).toBe('error: db/*.py matches no SQL or Python file. → Mend database.migrations.files.');
  expect(found[1]).toBe('error: db/0003.sql matches no SQL or Python file. → Mend database.migrations.files.');
  expect(found[2]).toMatch(/^error: dv\/\*\.sql cannot be looked for: .*\.\/dv.*No such file/);
});

test('what is too large or too much is not read, and that is said', async () => {
  const many = Array.from({ length: 201 }, (_, at) => [`db/${String(at).padStart(4, '0')}.sql`, 'SELECT 1;'] as const);
  const directory = await projectWith({ ...Object.fromEntries(many), 'big.sql': `-- ${'x'.repeat(1 << 20)}\nCOMMIT;` });
  expect(await said(directory, { files: ['*.sql', 'db/*.sql'] })).toEqual([
    'warning: big.sql is larger than 1 MiB and was not read. → Look at it yourself.',
    'warning: 201 migration files match, and only the first 200 were read. → Narrow database.migrations.files down to those that are still to come.',
  ]);
});

test('the same is said of a directory on another machine', async () => {
  await using server = await SshServer.start();
  const host = await SshHost.open(server.url, await server.environment());
  onTestFinished(() => host.close());
  const directory = await projectWith({ "it's $(here)/0001.sql": 'SELECT 1;\nCOMMIT;', 'b.py': '' });
  expect(await said(directory, { files: ['**/*.sql', '*.py'] }, host)).toEqual([
    "error: it's $(here)/0001.sql:2:1 commit: COMMIT commits: what came before can no longer be rolled back when a later migration fails. → Remove it: the runner commits once, after the last migration.",
  ]);
});

test("the example's own migrations are in order", async () => {
  const directory = new URL('../../examples/notes', import.meta.url).pathname;
  expect(await said(directory, { files: ['app/migrations/*.py'] })).toEqual([]);
});
