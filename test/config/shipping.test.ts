import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadProject, type Project } from '../../src/config/load.js';
import { formatProblem } from '../../src/config/problems.js';
import { compose, projectWith, smallest } from './support.js';

const remote = `${smallest}hosts: [ssh://deploy@shop.example.org]\n`;

/** A project whose router takes files from its own directory. */
const mounting = (mount: string): string =>
  compose.replace('[router-config:/etc/nginx/conf.d]', `[router-config:/etc/nginx/conf.d, "${mount}"]`);

async function project(files: Record<string, string>): Promise<Project> {
  return loadProject({ directory: await projectWith(files) });
}

async function problemsOf(files: Record<string, string>): Promise<string[]> {
  return (await project(files)).shipping.problems.map(formatProblem);
}

describe('what is sent to another machine', () => {
  test('are the Compose files, what they mount from their directory, and the env file', async () => {
    const files = { 'pointsman.yml': smallest, 'compose.yml': mounting('./nginx/site:/etc/site:ro'), '.env': 'A=1\n' };
    const { shipping } = await project(files);
    expect(shipping).toEqual({ files: ['compose.yml', 'nginx/site', '.env'], env: [], problems: [] });
  });

  test('includes what a service reads or, where images are built there, builds', async () => {
    const built = compose.replace(
      '  router:\n',
      '  router:\n    env_file: [router.env]\n    build: { context: ./nginx }\n',
    );
    expect((await project({ 'pointsman.yml': smallest, 'compose.yml': built })).shipping.files).toEqual([
      'compose.yml',
      'router.env',
    ]);
    const building = { 'pointsman.yml': `${smallest}build: true\n`, 'compose.yml': built };
    expect((await project(building)).shipping.files).toEqual(['compose.yml', 'router.env', 'nginx']);
  });

  test('is the list in ship.files, where there is one, and the variables in ship.env', async () => {
    const text = `${smallest}ship: { files: [nginx/], env: [LITESTREAM_R2_BUCKET] }\n`;
    const { shipping } = await project({ 'pointsman.yml': text, 'compose.yml': compose });
    expect(shipping).toMatchObject({ files: ['compose.yml', 'nginx'], env: ['LITESTREAM_R2_BUCKET'] });
  });

  test('includes the migrations that are read before a deploy, also where ship.files lists the rest', async () => {
    const directory = await projectWith({ 'compose.yml': compose });
    await mkdir(join(directory, 'db'));
    for (const name of ['0001.sql', '0002.sql', 'notes.txt']) await writeFile(join(directory, 'db', name), '');
    const database = 'database: { path: /app/data/app.db, volume: app-data, migrations: { files: [db/*] } }\n';
    const filesWith = async (more: string) => {
      await writeFile(join(directory, 'pointsman.yml'), `${smallest}${database}${more}`);
      return (await loadProject({ directory })).shipping.files;
    };
    expect(await filesWith('')).toEqual(['compose.yml', 'db/0001.sql', 'db/0002.sql']);
    expect(await filesWith('ship: { files: [nginx] }\n')).toEqual([
      'compose.yml',
      'nginx',
      'db/0001.sql',
      'db/0002.sql',
    ]);
    expect(await filesWith('ship: { files: [db] }\n')).toEqual(['compose.yml', 'db']);
  });

  test('never is a volume, or what has an absolute path on the host', async () => {
    const files = { 'pointsman.yml': smallest, 'compose.yml': mounting('/etc/ssl:/etc/ssl:ro') };
    expect((await project(files)).shipping).toEqual({ files: ['compose.yml'], env: [], problems: [] });
  });
});

describe('a project that would not work on another machine', () => {
  test('because a service writes beside the Compose file: with each release that is another directory', async () => {
    expect(await problemsOf({ 'pointsman.yml': smallest, 'compose.yml': mounting('./data:/data') })).toEqual([
      'compose.yml:14:5  router may write to ./data, which is another directory on the host with each release → use a volume or an absolute path for data, and ":ro" for files',
    ]);
  });

  test('because a service takes something from outside of its directory', async () => {
    expect(await problemsOf({ 'pointsman.yml': smallest, 'compose.yml': mounting('../shared:/shared:ro') })).toEqual([
      "compose.yml:14:5  router takes ../shared from outside of the project's directory, which is not sent to the host → move it beside the Compose file, or name it by its absolute path there",
    ]);
  });

  test('because the list leaves out what a service needs', async () => {
    const text = `${smallest}ship: { files: [other] }\n`;
    expect(await problemsOf({ 'pointsman.yml': text, 'compose.yml': mounting('./nginx:/etc/site:ro') })).toEqual([
      'compose.yml:14:5  router takes ./nginx, which is not in ship.files → add nginx to ship.files in pointsman.yml',
    ]);
  });

  test('is told so at once where it names a host, and left alone where it runs beside its directory', async () => {
    const files = { 'compose.yml': mounting('./data:/data') };
    await expect(project({ ...files, 'pointsman.yml': remote })).rejects.toThrow('router may write to ./data');
    await expect(project({ ...files, 'pointsman.yml': smallest })).resolves.toBeDefined();
  });
});

test('the host goes into the settings as it was written, and nowhere is there a key', async () => {
  const { settings } = await project({ 'pointsman.yml': remote, 'compose.yml': compose });
  expect(settings.host).toBe('ssh://deploy@shop.example.org');
});
