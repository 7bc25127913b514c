import { expect, test } from 'vitest';
import type { Host } from '../../src/hosts/host.js';
import { askStatus } from '../../src/router/live-slot.js';
import { settings } from '../support/settings.js';

/** A router where everything is answered like this. */
function answering(body: unknown): Host {
  return { request: () => Promise.resolve({ status: 200, headers: {}, body: JSON.stringify(body) }) } as never;
}

test('what pointsman’s config says of itself is its status', async () => {
  const told = await askStatus(answering({ slot: null, release: null }), settings, '172.18.0.2');
  expect(told).toMatchObject({ answers: true, live: null });
});

test('an app that answers any path, and has a slot of its own, is not taken for pointsman’s config', async () => {
  const told = await askStatus(answering({ slot: 'blue', path: '/__pointsman' }), settings, '172.18.0.2');
  expect(told).toMatchObject({ answers: false, reached: true, live: null });
});
