import { describe, expect, test } from 'vitest';
import type { Live } from '../../src/model/slot.js';
import { renderLiveConfig } from '../../src/router/nginx-config.js';
import { RouterPlace } from '../support/router-place.js';
import { runStep } from '../support/run-step.js';
import { settings as usual } from '../support/settings.js';

const live: Live = { slot: 'blue', release: 'v1' };
const next = { slot: 'green', release: 'v2' } as const;
const blue = renderLiveConfig({ live, service: 'app-blue', upstreamPort: 8000, port: usual.router.port, modern: true });

async function switched(place: RouterPlace) {
  const { workers } = await runStep(place, 'writeRouterConfig', next);
  await runStep(place, 'reloadRouter', next);
  return workers;
}

describe('the drain of the old slot', () => {
  test('ends what never ends by itself at its limit, and tells how many connections were cut', async () => {
    const place = await RouterPlace.create(blue, { drain: { timeoutMs: 1000 } });
    const [socket, other] = [await place.socket(), await place.socket()];
    const stream = await place.open('GET', '/stream');
    const ended = [socket, other, stream].map(
      (one) => new Promise((resolve) => one.once('close', resolve).on('error', resolve).resume()),
    );
    const workers = await switched(place);
    // What the new slot serves is none of them.
    const kept = await place.socket();
    expect(await runStep(place, 'drainSlot', { workers })).toMatchObject({ drained: false, cut: 3 });
    await Promise.all(ended);
    kept.write('hello\n');
    expect(String(await new Promise((resolve) => kept.once('data', resolve)))).toBe('hello\n');
    expect(await runStep(place, 'drainSlot', { workers })).toMatchObject({ drained: true, remaining: 0 });
  });

  test('waits for a slow answer, and cuts nothing', async () => {
    const place = await RouterPlace.create(blue);
    const slow = place.ask('GET', '/slow');
    await expect.poll(() => place.hasArrived('/slow'), { timeout: 30_000 }).toBe(true);
    const drained = await runStep(place, 'drainSlot', { workers: await switched(place) });
    expect(drained).toMatchObject({ drained: true, remaining: 0 });
    expect(drained.cut).toBeUndefined();
    expect((await slow).headers['x-release']).toBe('v1');
  });
});
