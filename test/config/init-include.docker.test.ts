import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { composeOn } from '../../src/cli/ask-compose.js';
import { initProject } from '../../src/config/init.js';
import { loadSettings } from '../../src/config/load.js';
import { ConfigError } from '../../src/config/problems.js';
import { LocalHost } from '../../src/hosts/local-host.js';
import { projectWith, smallest } from './support.js';

const askCompose = composeOn(new LocalHost({ stateDirectory: '/nowhere' }));

const front = `include: [slots.yml]
services:
  front:
    image: nginx:1.30
    ports: ["127.0.0.1:80:8080"]
    volumes: [front-config:/etc/nginx/conf.d]
  backup:
    image: litestream/litestream:0.5
    environment: { LITESTREAM_BUCKET: "\${R2_BUCKET:?is needed}" }
volumes: { data: {}, front-config: {} }
`;

const slots = `services:
  web-a:
    profiles: [blue]
    image: \${BLUE_IMAGE:-registry.example.org:5000/shop:1}
    healthcheck: { test: "wget -q http://localhost:9000/up || exit 1" }
    volumes: [./code:/code:ro, data:/srv/data]
  web-b:
    profiles: [green]
    image: \${GREEN_IMAGE:-registry.example.org:5000/shop:1}
    healthcheck: { test: "wget -q http://localhost:9000/up || exit 1" }
    volumes: [data:/srv/data]
`;

test('pointsman.yml takes the names of services that the Compose file includes', async () => {
  const directory = await projectWith({ 'compose.yml': front, 'slots.yml': slots });
  const { nextSteps } = await initProject(directory, { askCompose });
  expect(nextSteps).toContain('pointsman deploy --release <release>');
  expect(await loadSettings({ directory, askCompose })).toMatchObject({
    image: 'registry.example.org:5000/shop:{release}',
    slots: { blue: 'web-a', green: 'web-b' },
    health: { path: '/up' },
    router: { service: 'front', port: 8080, upstreamPort: 9000 },
    database: { path: '/srv/data/app.db', volume: 'data' },
    replica: { service: 'backup', requireEnv: ['R2_BUCKET'] },
  });
});

test('a Compose file whose included files have no slot is not followed by "next: deploy"', async () => {
  const web = 'services:\n  web:\n    image: shop:1\n';
  const directory = await projectWith({ 'compose.yml': 'include: [web.yml]\n', 'web.yml': web });
  expect((await initProject(directory, { askCompose })).nextSteps).toEqual([
    'pointsman.yml:2:1  slots.blue: there is no service app-blue in compose.yml → add it, or choose one of web',
    'pointsman.yml:2:1  slots.green: there is no service app-green in compose.yml → add it, or choose one of web',
    'pointsman.yml:6:20  router.service: there is no service router in compose.yml → add it, or choose one of web',
    'pointsman check',
  ]);
});

test('a slot in an included file that both slots would share an image with is told with its Compose file', async () => {
  const one = slots.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1');
  const own = `${smallest}slots: { blue: web-a, green: web-b }\nrouter: { service: front }\n`;
  const directory = await projectWith({ 'compose.yml': front, 'slots.yml': one, 'pointsman.yml': own });
  const refused = await loadSettings({ directory, askCompose }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(ConfigError);
  expect(String(refused)).toContain(
    'compose.yml  web-a: its image is registry.example.org:5000/shop:1, but pointsman sets BLUE_IMAGE',
  );
});

test('a Compose file that Compose cannot put together is told in its words, with no secret and no "next: deploy"', async () => {
  const directory = await projectWith({
    'compose.yml': 'include: [gone.yml]\nservices: { web: { image: shop } }\n',
    '.env': 'TOKEN=hunter2-hunter2\n',
  });
  const { nextSteps } = await initProject(directory, { askCompose });
  expect(nextSteps[0]).toMatch(/^compose\.yml {2}it includes or extends other files.*gone\.yml.*→ mend that/);
  expect(nextSteps.at(-1)).toBe('pointsman check');
  expect(nextSteps.join('\n')).not.toMatch(/pointsman deploy|hunter2/);
});

test('where there is no Compose to ask, that is said instead of "next: deploy"', async () => {
  const directory = await projectWith({ 'compose.yml': front, 'slots.yml': slots });
  await mkdir(join(directory, 'code'));
  const { nextSteps } = await initProject(directory);
  expect(nextSteps[0]).toContain('Compose does not tell what comes out: it was not asked');
  expect(nextSteps.join('\n')).not.toContain('pointsman deploy');
  expect(await readFile(join(directory, 'compose.yml'), 'utf8')).toBe(front);
});
