import { expect, test } from 'vitest';
import { whyNotProvable } from '../../src/preflight/live-release.js';
import { renderLiveConfig } from '../../src/router/nginx-config.js';
import { proveLive } from '../../src/router/proof.js';
import { RouterPlace } from '../support/router-place.js';
import { settings } from '../support/settings.js';

const header = (releaseHeader: string | null) => ({ health: { ...settings.health, releaseHeader } });
const at = (path: string) => ({ health: { ...settings.health, path } });

test.each([
  ['the one that the app says', {}, 'v1', null],
  [
    'another one than the app says',
    {},
    'v9',
    'app-blue is expected to be v9, and could not be proven to be after the switch: /healthz answered from release v1. ' +
      'Leave --release out, or say --release v1.',
  ],
  [
    'the one of an app that says none',
    header('X-Version'),
    'v1',
    'app-blue is expected to be v1, and could not be proven to be after the switch: /healthz answered from release (no header). ' +
      'Let it answer with "X-Version: v1", or take health.releaseHeader out of pointsman.yml.',
  ],
  ['any, of an app that is not asked for it', header(null), 'v9', null],
  [
    'the one of an app that is ill',
    at('/broken'),
    'v1',
    'app-blue is not healthy, so nothing could be proven of it after the switch: /broken answered 500. ' +
      'Let it answer /broken on port 8000 with 2xx first, or mend health.path in pointsman.yml.',
  ],
])('a release is refused exactly where the proof after the switch would fail: %s', async (_, change, release, why) => {
  const live = { slot: 'blue', release } as const;
  const config = renderLiveConfig({ live, service: 'app-blue', upstreamPort: 8000, port: 5000, modern: true });
  const { host, settings: own } = await RouterPlace.create(config, change);
  const found = { slot: 'blue', release: own.health.releaseHeader === 'X-Release' ? 'v1' : null } as const;
  expect(await whyNotProvable(host, own, { found, release, withinMs: 0 })).toBe(why);
  if (why === null) await proveLive(host, own, { live });
  else await expect(proveLive(host, own, { live, timeoutMs: 1000 })).rejects.toThrow('does not serve');
});
