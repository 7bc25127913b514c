import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { warmUpBeside } from '../../src/activities/warm-up.js';
import type { Live } from '../../src/model/slot.js';
import { Nginx } from '../../src/router/nginx.js';
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

describe('a slot that nginx does not get to know', () => {
  /** Questions that it asks in half a minute and more. */
  const toTheEnd = 100;

  test('gets no users: the switch is refused, also to an attempt that comes after one that was cut off', async () => {
    const place = await RouterPlace.create(blue);
    const nginx = await place.nginx();
    const stop = user(place, '/search');
    await loseName(await place.container('router'), 'app-green', toTheEnd);
    const next = { slot: 'green', release: 'v2' } as const;
    const cutOff = new MockActivityEnvironment();
    const first = runStep(place, 'writeRouterConfig', next, cutOff);
    await expect.poll(() => nginx.readConfig(), { timeout: 10_000 }).toContain('pointsman_green');
    cutOff.cancel();
    await expect(first).rejects.toThrow();
    await expect(runStep(place, 'writeRouterConfig', next)).rejects.toMatchObject({
      type: 'SwitchNotProven',
      message: expect.stringMatching(
        /^nginx in router does not reach app-green by its name: it still answers 502 after 12 s, so users stay where they are\./,
      ) as string,
    });
    await runStep(place, 'switchBack', { live });
    expect(await nginx.readConfig()).toBe(blue);
    expect(await stop()).toEqual({ failed: [], releases: ['v1'] });
  }, 60_000);

  test('gets its users back all the same where a switch is undone', async () => {
    const place = await RouterPlace.create(blue);
    const next = { slot: 'green', release: 'v2' } as const;
    await runStep(place, 'writeRouterConfig', next);
    await runStep(place, 'reloadRouter', next);
    // They are asked again after five seconds each time: the last one comes after the wait, and before the proof is given up.
    await loseName(await place.container('router'), 'app-blue', 4);
    await expect(runStep(place, 'switchBack', { live })).resolves.toMatchObject({ changed: true });
    expect(await (await place.nginx()).readConfig()).toBe(blue);
    expect((await place.ask('GET', '/search')).headers['x-release']).toBe('v1');
  }, 60_000);

  test('is taken over all the same where nginx does not read what would tell', async () => {
    const place = await RouterPlace.create(blue);
    const elsewhere = { ...place.settings, router: { ...router, configDirectory: '/tmp' } };
    const nginx = (await Nginx.find(place.host, elsewhere)) as Nginx;
    const { signal } = new AbortController();
    const warming = { live, port: 8081, resets: false, signal };
    await expect(warmUpBeside(place.host, elsewhere, nginx, warming)).resolves.toBeUndefined();
  }, 60_000);
});
