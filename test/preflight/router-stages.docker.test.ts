import { describe, expect, test } from 'vitest';
import { findContainer } from '../../src/docker/container.js';
import type { Settings } from '../../src/model/settings.js';
import { error, type Check } from '../../src/preflight/check.js';
import { routerCanary, routerSnippets } from '../../src/preflight/checks/router-stages.js';
import { renderLiveConfig } from '../../src/router/nginx-config.js';
import { RouterPlace } from '../support/router-place.js';
import { settings as usual } from '../support/settings.js';
import { world } from './support.js';

const live = { slot: 'blue', release: 'v1' } as const;
const blue = renderLiveConfig({ live, service: 'app-blue', upstreamPort: 8000, port: usual.router.port, modern: true });

async function found({ host, settings }: RouterPlace, check: Check, change: Partial<Settings>) {
  const router = await findContainer(host.docker, settings.project, settings.router.service);
  return check.run(world({ host, router, settings: { ...settings, ...change } }));
}

describe('a router whose nginx', () => {
  const canary = { stages: [5], pauseMs: 1000, sticky: 'none' } as const;
  const approval = { when: 'before-switch', timeoutMs: 1000, otherwise: 'abort' } as const;

  test('is recent may serve two releases at once', async () => {
    const place = await RouterPlace.create(blue);
    expect(await found(place, routerCanary, { canary, approval })).toEqual([]);
  });

  test('is too old for that is an error, where that is wanted', async () => {
    const place = await RouterPlace.create(blue);
    const old = '#!/bin/sh\necho nginx version: nginx/1.26.3 >&2\n';
    const script = 'printf %s "$1" >/usr/local/bin/nginx && chmod +x /usr/local/bin/nginx';
    await (await place.nginx()).exec(['sh', '-c', script, 'sh', old]);
    const said = (what: string) =>
      error(
        `${what} needs nginx 1.27.4 or later in the router, and it has 1.26.3.`,
        `Use nginx 1.28 or later, or remove ${what}: an older one does not start while one of two slots is stopped.`,
      );
    expect(await found(place, routerCanary, { canary })).toEqual([said('canary')]);
    expect(await found(place, routerCanary, { approval })).toEqual([said('approval')]);
    expect(await found(place, routerCanary, { approval: { ...approval, when: 'after-canary' } })).toEqual([]);
    expect(await found(place, routerCanary, {})).toEqual([]);
  });
});

test('a directory of snippets that a running router does not have is an error: nginx would not say so', async () => {
  const place = await RouterPlace.create(blue);
  const asked = (snippets: string) => found(place, routerSnippets, { router: { ...usual.router, snippets } });
  expect(await asked('/etc/nginx/conf.d')).toEqual([]);
  expect(await asked('/etc/nginx/own')).toEqual([
    error(
      'The router router has no directory /etc/nginx/own.',
      'Mount it, for example "./router-snippets:/etc/nginx/own:ro", and start the router anew.',
    ),
  ]);
});
