import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, onTestFinished, test } from 'vitest';
import { LocalHost } from '../../src/hosts/local-host.js';
import type { Live } from '../../src/model/slot.js';
import type { RouterSettings, Settings } from '../../src/model/settings.js';
import { askRouters } from '../../src/router/all-routers.js';
import { askRouter } from '../../src/router/live-slot.js';
import { Nginx } from '../../src/router/nginx.js';
import { renderLiveConfig } from '../../src/router/nginx-config.js';
import { runStep } from '../support/run-step.js';
import { settings as usual } from '../support/settings.js';
import { ownName } from '../support/names.js';

const live: Live = { slot: 'blue', release: 'v1' };
const service = { service: 'app-blue', upstreamPort: 8000, port: usual.router.port, modern: true } as const;
const gone = '20261122T000000Z';
const file = `${usual.router.configDirectory}/pointsman-watch.log`;
const healthPath = usual.health.path;

const watch = { by: gone, file, healthPath };
const maintenance = { by: 'ada', since: gone, healthPath };
const candidate = { by: gone, slot: 'green', release: 'v2', weight: 25, sticky: 'none', service: 'app-green' } as const;

const compose = `
services:
  router:
    image: 'nginx:1.30'
    volumes: ['router-config:${usual.router.configDirectory}']
volumes: { router-config: {} }
`;

/** A Compose project with a router that has this config, as a deploy that is gone has left it; gone after the test. */
async function leftWith(
  config: string,
  written: { readonly compose: string; readonly otherRouters?: readonly RouterSettings[] } = { compose },
): Promise<{ host: LocalHost; settings: Settings }> {
  const directory = await mkdtemp(join(tmpdir(), 'pointsman-bootstrap-'));
  const project = ownName('pm');
  const { compose: text, ...more } = written;
  await writeFile(join(directory, 'compose.yml'), text);
  const here = ['compose', '-p', project, '-f', join(directory, 'compose.yml')];
  onTestFinished(async () => {
    await execa('docker', [...here, 'down', '-v', '--timeout', '0']);
    await rm(directory, { recursive: true, force: true });
  });
  const host = new LocalHost({ stateDirectory: join(directory, 'state') });
  const settings = { ...usual, ...more, project, directory, envFile: null, replica: null, database: null };
  await execa('docker', [...here, 'up', '--no-start']);
  await (await Nginx.find(host, settings))?.place(config);
  await execa('docker', [...here, 'up', '-d']);
  await expect.poll(async () => (await askRouter(host, settings)).live, { timeout: 30_000 }).toEqual(live);
  return { host, settings };
}

describe('a deploy that begins', () => {
  test('ends the canary and the watch that one which is gone has left, and no maintenance', async () => {
    const place = await leftWith(renderLiveConfig({ ...service, live, candidate, watch, maintenance }));
    expect((await askRouter(place.host, place.settings)).canary).toMatchObject({ release: 'v2', weight: 25 });
    expect(await runStep(place, 'bootstrapRouter')).toEqual({ config: 'kept', live, stageEnded: true });
    expect(await askRouter(place.host, place.settings)).toEqual({
      live,
      hold: null,
      canary: null,
      maintenance: { by: 'ada', since: gone },
      watched: false,
    });
    const nginx = await Nginx.find(place.host, place.settings);
    expect((await nginx?.exec(['test', '-e', file]))?.exitCode).toBe(1);
    expect(await runStep(place, 'bootstrapRouter')).toEqual({ config: 'kept', live });
  });

  test('ends a preview that is loaded, though the file was put back already', async () => {
    const place = await leftWith(renderLiveConfig({ ...service, live, candidate: { ...candidate, weight: 0 } }));
    const nginx = await Nginx.find(place.host, place.settings);
    await nginx?.place(renderLiveConfig({ ...service, live }));
    expect(await runStep(place, 'bootstrapRouter')).toEqual({ config: 'kept', live, stageEnded: true });
    expect((await askRouter(place.host, place.settings)).canary).toBeNull();
  });

  test('leaves a router alone that nobody has left anything in', async () => {
    const place = await leftWith(renderLiveConfig({ ...service, live, maintenance }));
    const nginx = await Nginx.find(place.host, place.settings);
    const workers = await nginx?.workers();
    expect(await runStep(place, 'bootstrapRouter')).toEqual({ config: 'kept', live });
    expect(await nginx?.workers()).toEqual(workers);
  });

  test('keeps the maintenance of a router whose config file is gone', async () => {
    const place = await leftWith(renderLiveConfig({ ...service, live, maintenance }));
    const nginx = await Nginx.find(place.host, place.settings);
    await nginx?.exec(['rm', `${usual.router.configDirectory}/default.conf`]);
    expect(await runStep(place, 'bootstrapRouter')).toEqual({ config: 'live-slot', live });
    expect((await askRouter(place.host, place.settings)).maintenance).toEqual({ by: 'ada', since: gone });
  });
});

describe('a deploy that begins with two routers', () => {
  const internal: RouterSettings = { ...usual.router, service: 'router-internal', port: 5001 };
  const both = compose.replace(
    'volumes: { router-config: {} }',
    `  router-internal:
    image: 'nginx:1.30'
    volumes: ['internal-config:${internal.configDirectory}']
volumes: { router-config: {}, internal-config: {} }`,
  );
  const written = { compose: both, otherRouters: [internal] };
  const servedBy = async ({ host, settings }: { host: LocalHost; settings: Settings }) =>
    (await askRouters(host, settings)).map(({ state }) => state.live);

  test('gives the one without a config what the primary serves', async () => {
    const place = await leftWith(renderLiveConfig({ ...service, live }), written);
    expect(await runStep(place, 'bootstrapRouter')).toEqual({ config: 'kept', live });
    expect(await servedBy(place)).toEqual([live, live]);
  });

  test('asks the other one what is live where the primary has lost its config', async () => {
    const place = await leftWith(renderLiveConfig({ ...service, live }), written);
    await runStep(place, 'bootstrapRouter');
    const nginx = await Nginx.find(place.host, place.settings);
    await nginx?.exec(['rm', `${usual.router.configDirectory}/default.conf`]);
    await nginx?.reload();
    expect(await runStep(place, 'bootstrapRouter')).toEqual({ config: 'live-slot', live });
    expect(await servedBy(place)).toEqual([live, live]);
  });

  test('puts one in step that serves the other slot, and leaves one alone that is in step', async () => {
    const place = await leftWith(renderLiveConfig({ ...service, live }), written);
    await runStep(place, 'bootstrapRouter');
    const nginx = await Nginx.find(place.host, { ...place.settings, router: internal });
    const green = { slot: 'green', release: 'v2' } as const;
    const config = renderLiveConfig({ ...service, service: 'app-green', port: internal.port, live: green });
    await nginx?.install(config, gone);
    await nginx?.reload();
    await expect.poll(() => servedBy(place), { timeout: 30_000 }).toEqual([live, green]);
    expect(await runStep(place, 'bootstrapRouter')).toEqual({ config: 'kept', live });
    expect(await servedBy(place)).toEqual([live, live]);
    const workers = await nginx?.workers();
    expect(await runStep(place, 'bootstrapRouter')).toEqual({ config: 'kept', live });
    expect(await nginx?.workers()).toEqual(workers);
  });
});
