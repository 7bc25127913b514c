import { describe, expect, test } from 'vitest';
import {
  isWhole,
  liveInDump,
  renderLiveConfig,
  renderPlaceholder,
  slotInConfig,
} from '../../src/router/nginx-config.js';

const green = {
  live: { slot: 'green', release: 'v2' },
  service: 'app-green',
  upstreamPort: 8000,
  port: 5000,
} as const;
const services = { blue: 'app-blue', green: 'app-green' };

describe('the router’s config', () => {
  test('is this whole file while green is live', async () => {
    await expect(renderLiveConfig({ ...green, modern: true })).toMatchFileSnapshot('fixtures/green.conf');
  });

  test('does without what an nginx before 1.27.4 does not know', async () => {
    await expect(renderLiveConfig({ ...green, modern: false })).toMatchFileSnapshot('fixtures/green-old-nginx.conf');
  });

  test('is this whole file while nothing is live', async () => {
    await expect(renderPlaceholder(5000)).toMatchFileSnapshot('fixtures/placeholder.conf');
  });
});

describe('what there is in the router', () => {
  test.each([
    ['for a slot', renderLiveConfig({ ...green, modern: true })],
    ['for an older nginx', renderLiveConfig({ ...green, modern: false })],
    ['of a router without a release', renderPlaceholder(5000)],
  ])('is a config %s, and none where it was cut short at any point', (_, whole) => {
    expect(isWhole(whole)).toBe(true);
    const cuts = Array.from({ length: whole.trimEnd().length }, (_, at) => whole.slice(0, at));
    expect(cuts.filter(isWhole)).toEqual([]);
  });

  test('is told with its release by all of its files together', () => {
    const dump = (file: string): string =>
      `# configuration file /etc/nginx/nginx.conf:\nhttp {}\n\n# …/default.conf:\n${file}`;
    expect(liveInDump(dump(renderLiveConfig({ ...green, modern: true })))).toEqual({ slot: 'green', release: 'v2' });
    expect(liveInDump(dump(renderPlaceholder(5000)))).toBeNull();
  });
});

describe('a config written by hand', () => {
  test.each([
    ['upstream app { server app-blue:8000; }', 'blue'],
    ['location / { proxy_pass http://app-green:8000; }', 'green'],
    ['set $up app-green:8000; proxy_pass http://$up;', 'green'],
    ['# server app-blue:8000;\nserver app-green:8000;', 'green'],
    ['server app-blue:8000; server app-green:8000;', null],
    ['server { listen 80; root /var/www; }', null],
    [
      'upstream b { server app-blue:1; } upstream g { server app-green:1; } server { location / { proxy_pass http://g; } }',
      'green',
    ],
    ['server my-app-blue-other:8000;', null],
  ])('%j sends users to %s', (config, slot) => {
    expect(slotInConfig(config, services)).toBe(slot);
  });
});
