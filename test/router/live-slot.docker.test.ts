import { describe, expect, test } from 'vitest';
import { LocalHost } from '../../src/hosts/local-host.js';
import { findContainer } from '../../src/docker/container.js';
import { askLive, askLiveOnceUp, RouterDownError } from '../../src/router/live-slot.js';
import { renderLiveConfig } from '../../src/router/nginx-config.js';
import { settings } from '../support/settings.js';
import { RouterPlace } from '../support/router-place.js';
import { ownName } from '../support/names.js';

const live = { slot: 'green', release: 'v2' } as const;
const config = renderLiveConfig({ live, service: 'app-green', upstreamPort: 8000, port: 5000, modern: true });

async function routerOf({ host, settings }: RouterPlace) {
  const found = await findContainer(host.docker, settings.project, settings.router.service);
  return host.docker.getContainer(found?.id ?? '');
}

describe('what is live', () => {
  test('is told once the router is back, where it died a moment ago', async () => {
    const place = await RouterPlace.create(config);
    const router = await routerOf(place);
    await router.kill();
    expect(await askLive(place.host, place.settings)).toBeNull();
    const asked = askLiveOnceUp(place.host, place.settings, 60_000);
    await router.start();
    expect(await asked).toEqual(live);
  });

  test('is never "nothing" of a router that does not come back', async () => {
    const place = await RouterPlace.create(config);
    await (await routerOf(place)).kill();
    await expect(askLiveOnceUp(place.host, place.settings, 0)).rejects.toThrow(RouterDownError);
  });

  test('is told with its release by the config of a router that does not answer there, or not yet', async () => {
    const { host, settings: own } = await RouterPlace.create(config);
    const elsewhere = { ...own, router: { ...own.router, port: own.router.port + 1 } };
    expect(await askLive(host, elsewhere)).toEqual(live);
    expect(await askLiveOnceUp(host, elsewhere, 0)).toEqual(live);
  });

  test('is nothing where there is no router', async () => {
    const host = new LocalHost({ stateDirectory: '/nowhere' });
    expect(await askLiveOnceUp(host, { ...settings, project: ownName('pm') }, 60_000)).toBeNull();
  });
});
