import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { initProject } from '../../src/config/init.js';
import { loadSettings } from '../../src/config/load.js';
import { sqliteSettings } from '../../src/model/settings.js';
import { compose, projectWith, smallest } from './support.js';

const read = (directory: string, file: string) => readFile(join(directory, file), 'utf8');

test('an empty directory gets three files that pass every check', async () => {
  const directory = await projectWith({});
  const { written, kept } = await initProject(directory);
  expect({ written, kept }).toEqual({ written: ['compose.yml', 'pointsman.yml', '.env.example'], kept: [] });
  expect(await loadSettings({ directory })).toMatchObject({
    slots: { blue: 'app-blue', green: 'app-green' },
    database: { path: '/app/data/app.db', volume: 'app-data' },
    replica: null,
  });
});

test('nothing that is there is overwritten', async () => {
  const files = { 'pointsman.yml': smallest, 'compose.yml': compose, '.env.example': 'A=\n' };
  const directory = await projectWith(files);
  expect(await initProject(directory)).toEqual({
    written: [],
    kept: ['compose.yml', 'pointsman.yml', '.env.example'],
    nextSteps: ['pointsman check'],
  });
  for (const [file, text] of Object.entries(files)) expect(await read(directory, file)).toBe(text);
});

const shop = `services:
  web-a:
    profiles: [blue]
    image: \${BLUE_IMAGE:-registry.example.org:5000/shop:1}
    healthcheck: { test: "wget -q http://localhost:9000/up || exit 1" }
    volumes: [./code:/code, data:/srv/data]
  web-b:
    profiles: [green]
    image: \${GREEN_IMAGE:-registry.example.org:5000/shop:1}
    healthcheck: { test: "wget -q http://localhost:9000/up || exit 1" }
    volumes: [data:/srv/data]
  front:
    image: nginx:1.30
    ports: ["127.0.0.1:80:8080"]
    volumes: [front-config:/etc/nginx/conf.d]
  backup:
    image: litestream/litestream:0.5
    environment: { LITESTREAM_BUCKET: "\${R2_BUCKET}", LITESTREAM_ACCESS_KEY_ID: "\${R2_KEY:-}" }
volumes: { data: {}, front-config: {} }
`;

test('pointsman.yml takes its names from the Compose file that is there', async () => {
  const directory = await projectWith({ 'compose.yaml': shop });
  const { written, kept } = await initProject(directory);
  expect({ written, kept }).toEqual({ written: ['pointsman.yml', '.env.example'], kept: ['compose.yaml'] });
  expect(await loadSettings({ directory })).toMatchObject({
    composeFiles: ['compose.yaml'],
    image: 'registry.example.org:5000/shop:{release}',
    slots: { blue: 'web-a', green: 'web-b' },
    health: { path: '/up' },
    router: { service: 'front', port: 8080, upstreamPort: 9000 },
    database: { path: '/srv/data/app.db', volume: 'data' },
    replica: { service: 'backup', requireEnv: ['R2_BUCKET', 'R2_KEY'] },
  });
  expect(await read(directory, '.env.example')).toContain('R2_BUCKET=\nR2_KEY=\n');
});

test('migrations that are there are proposed to be read before a deploy', async () => {
  const directory = await projectWith({ 'compose.yaml': shop });
  for (const file of [
    'app/migrations/__init__.py',
    'app/migrations/0001.py',
    'migrations/0001.sql',
    'web/migrations/__init__.py',
  ]) {
    await mkdir(dirname(join(directory, file)), { recursive: true });
    await writeFile(join(directory, file), '');
  }
  await initProject(directory);
  expect(sqliteSettings(await loadSettings({ directory }))?.migrations).toEqual({
    files: ['app/migrations/*.py', 'migrations/*.sql'],
    allow: [],
  });
});

test('a Compose file without slots is not changed: what it lacks becomes the next steps', async () => {
  const text = 'services:\n  web:\n    image: shop:1\n';
  const directory = await projectWith({ 'compose.yml': text });
  expect((await initProject(directory)).nextSteps).toEqual([
    'pointsman.yml:2:1  slots.blue: there is no service app-blue in compose.yml → add it, or choose one of web',
    'pointsman.yml:2:1  slots.green: there is no service app-green in compose.yml → add it, or choose one of web',
    'pointsman.yml:6:20  router.service: there is no service router in compose.yml → add it, or choose one of web',
    'pointsman check',
  ]);
  expect(await read(directory, 'compose.yml')).toBe(text);
});

test('a Compose file that is no YAML stops it before anything is written', async () => {
  const directory = await projectWith({ 'compose.yml': 'services:\n\tweb: {}\n' });
  await expect(initProject(directory)).rejects.toThrow(
    'compose.yml:2:1  a tab is used as indentation → indent with spaces',
  );
  expect(await readdir(directory)).toEqual(['compose.yml']);
});

const ciFile = { gitlab: '.gitlab-ci.yml', github: '.github/workflows/deploy.yml' } as const;

describe.each(['gitlab', 'github'] as const)('with --ci %s', (ci) => {
  test('what the CI runs is written beside the others, whatever the directory has so far', async () => {
    const directory = await projectWith({ 'compose.yaml': shop });
    const { written, kept } = await initProject(directory, { ci });
    expect({ written, kept }).toEqual({
      written: ['pointsman.yml', '.env.example', ciFile[ci]],
      kept: ['compose.yaml'],
    });
    const text = await read(directory, ciFile[ci]);
    expect(text).toContain('          --env R2_BUCKET\n'.slice(ci === 'gitlab' ? 4 : 0));
    expect(text).not.toMatch(/@[a-z]+@/);
  });

  test('a file that is there is kept as it is, and nothing is said about it', async () => {
    const directory = await projectWith({ 'compose.yml': compose, 'pointsman.yml': smallest });
    await mkdir(join(directory, '.github', 'workflows'), { recursive: true });
    await writeFile(join(directory, ciFile[ci]), 'mine: true\n');
    const { kept, nextSteps } = await initProject(directory, { ci });
    expect(kept).toEqual(['compose.yml', 'pointsman.yml', ciFile[ci]]);
    expect(nextSteps).toEqual(['pointsman check']);
    expect(await read(directory, ciFile[ci])).toBe('mine: true\n');
  });

  test('a project in another language is told to put its own tests in', async () => {
    const own = `no Python file is here: put your project's own commands into test and lint of ${ciFile[ci]}`;
    const directory = await projectWith({ 'main.go': 'package main\n' });
    await mkdir(join(directory, 'node_modules', 'gyp'), { recursive: true });
    await writeFile(join(directory, 'node_modules', 'gyp', 'gyp.py'), '');
    expect((await initProject(directory, { ci })).nextSteps).toContain(own);
  });

  test('a Python project is told where the image and the secrets go', async () => {
    const directory = await projectWith({});
    await mkdir(join(directory, 'app'));
    await writeFile(join(directory, 'app', 'main.py'), '');
    const image = { gitlab: 'registry.gitlab.com/<group>/<project>', github: 'ghcr.io/<owner>/<repository>' }[ci];
    const where = { gitlab: 'CI/CD > Variables', github: 'Environments > production' }[ci];
    expect((await initProject(directory, { ci })).nextSteps.slice(-2)).toEqual([
      `let image in pointsman.yml name what the job build pushes, such as ${image}:{release}`,
      `put the address of your app into ${ciFile[ci]}, and what its first lines list into Settings > ${where}`,
    ]);
  });
});
