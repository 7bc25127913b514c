import { expect, onTestFinished, test } from 'vitest';
import type { Live } from '../../src/model/slot.js';
import { renderLiveConfig } from '../../src/router/nginx-config.js';
import { loseName } from '../support/late-names.js';
import { RouterPlace } from '../support/router-place.js';
import { runStep } from '../support/run-step.js';
import { settings } from '../support/settings.js';

const live: Live = { slot: 'blue', release: 'v1' };
const router = { ...settings.router, snippets: '/etc/nginx/conf.d/snippets' };
const blue = renderLiveConfig({ live, service: 'app-blue', upstreamPort: 8000, port: 5000, modern: true, own: router });

/** Asks a path again and again until told to stop; every answer that is no 200, and from how many releases the others came. */
function user(place: RouterPlace, path: string): () => Promise<{ failed: string[]; releases: string[] }> {
  const failed: string[] = [];
  const releases = new Set<string>();
  let stopped = false;
  onTestFinished(() => void (stopped = true));
  const asking = (async () => {
    while (!stopped) {
      const { status, headers } = await place.ask('GET', path);
      if (status === 200) releases.add(headers['x-release'] ?? 'none');
      else failed.push(`${path}: ${status} of ${headers['x-pointsman-release']}`);
    }
  })();
  return async () => {
    stopped = true;
    await asking;
    return { failed, releases: [...releases] };
  };
}

test('a switch waits until nginx knows the new slot, for snippets that name the live one, too', async () => {
  const place = await RouterPlace.create(blue, { router });
  const nginx = await place.nginx();
  const snippet = 'location /live/ { proxy_pass http://pointsman_live/; }';
  const script = 'mkdir -p "$1/server" && echo "$2" > "$1/server/live.conf" && nginx -s reload';
  await nginx.exec(['sh', '-c', script, 'sh', router.snippets, snippet]);
  await expect.poll(async () => (await place.ask('GET', '/live/search')).headers['x-release']).toBe('v1');
  const users = [user(place, '/search'), user(place, '/live/search')];
  const next = { slot: 'green', release: 'v2' } as const;
  const lose = async () => loseName(await place.container('router'), 'app-green', 2);
  await lose();
  await runStep(place, 'writeRouterConfig', next);
  await lose();
  await runStep(place, 'reloadRouter', next);
  await expect.poll(async () => (await place.ask('GET', '/live/search')).headers['x-release']).toBe('v2');
  for (const stop of users) expect(await stop()).toEqual({ failed: [], releases: ['v1', 'v2'] });
}, 60_000);
