import { describe, expect, test } from 'vitest';
import { warning } from '../../src/preflight/check.js';
import { routerCanary, routerSnippets } from '../../src/preflight/checks/router-stages.js';
import type { World } from '../../src/preflight/world.js';
import { settings } from '../support/settings.js';
import { services, withService } from './support.js';

const snippets = '/etc/nginx/snippets';
const asked = { ...settings, router: { ...settings.router, snippets } };

/** A router that does not run, with these mounts. */
function mounting(...targets: string[]): World {
  const volumes = targets.map((target) => ({ type: 'bind', source: '/srv/shop/router', target }));
  const router = { ...services.router, volumes: [...services.router.volumes, ...volumes] };
  return { ...withService('router', router), settings: asked };
}

const missing = warning(
  'The router router mounts nothing at /etc/nginx/snippets: its image may have it, or not.',
  'Mount it, for example "./router-snippets:/etc/nginx/snippets:ro", and start the router anew.',
);

describe('snippets of a router that does not run yet', () => {
  test.each([
    ['their directory', [snippets], []],
    ['a directory above it', ['/etc/nginx'], []],
    ['one with a longer name', [`${snippets}-old`], [missing]],
    ['nothing', [], [missing]],
  ])('that mounts %s', async (_, targets, findings) => {
    expect(await routerSnippets.run(mounting(...targets))).toEqual(findings);
  });
});

test('a canary is no matter of a router that does not run: it cannot tell its version', async () => {
  const canary = { stages: [5], pauseMs: 1000, sticky: 'none' } as const;
  expect(await routerCanary.run({ ...mounting(), settings: { ...settings, canary } })).toEqual([]);
});
