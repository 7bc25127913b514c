import { expect, test } from 'vitest';
import { error } from '../../src/preflight/check.js';
import { routerService } from '../../src/preflight/checks/router.js';
import { ofEachRouter } from '../../src/preflight/checks/routers.js';
import { settings as usual } from '../support/settings.js';
import { fakeHost, services, world } from './support.js';

const otherRouters = [{ ...usual.router, service: 'router-internal', port: 5001 }];
/** No container of any router is there yet. */
const host = fakeHost({ docker: { listContainers: () => Promise.resolve([]) } });

test('a second router that the compose file does not have is an error, as of the first one', async () => {
  const asked = world({ host, settings: { ...usual, otherRouters } });
  expect(await ofEachRouter(routerService).run(asked)).toEqual([
    error('The compose file has no router service router-internal.', 'Add it, or set router.service in pointsman.yml.'),
  ]);
});

test('what is wrong with the second router names it', async () => {
  const second = { ...services.router, volumes: [] };
  const config = { services: { ...services, 'router-internal': second }, volumes: {} };
  expect(await ofEachRouter(routerService).run(world({ host, config, settings: { ...usual, otherRouters } }))).toEqual([
    error(
      'router-internal: The router mounts nothing writable at /etc/nginx/conf.d.',
      'Add a volume there, for example "router-config:/etc/nginx/conf.d".',
    ),
  ]);
});

test('where there is one router, its own findings are all that there are', async () => {
  expect(await ofEachRouter(routerService).run(world())).toEqual([]);
});
