import { describe, expect, test } from 'vitest';
import { heldIn, secondsFrom, type HoldConfig } from '../../src/router/hold-config.js';
import { liveInConfig, renderLiveConfig } from '../../src/router/nginx-config.js';

const hold: HoldConfig = {
  by: '20261123T092334Z',
  until: 1795426414,
  rules: {
    methods: ['POST', 'PUT', 'PATCH', 'DELETE'],
    paths: ['/cart/'],
    except: ['/search'],
    timeoutMs: 300_000,
    retryAfterSeconds: 10,
  },
  healthPath: '/healthz',
};
const slot = { service: 'app-green', upstreamPort: 8000, port: 5000, modern: true } as const;
const live = { slot: 'green', release: 'v2' } as const;
const services = { blue: 'app-blue', green: 'app-green' };
const held = renderLiveConfig({ ...slot, live, hold });

describe('the router’s config while writes are held', () => {
  test('is this whole file', async () => {
    await expect(held).toMatchFileSnapshot('fixtures/green-held.conf');
  });

  test('is known again, with whose hold it is and until when', () => {
    expect(heldIn(held)).toEqual({ by: '20261123T092334Z', until: 1795426414 });
    expect(heldIn(renderLiveConfig({ ...slot, live }))).toBeNull();
    expect(heldIn(null)).toBeNull();
  });

  test('tells which slot it serves, as one without a hold does', () => {
    expect(liveInConfig(held, services)).toEqual(live);
    expect(liveInConfig(renderLiveConfig({ ...slot, live }), services)).toEqual(live);
    expect(liveInConfig(renderLiveConfig({ ...slot, live: { slot: 'green', release: null } }), services)).toEqual({
      slot: 'green',
      release: null,
    });
    expect(liveInConfig('server { listen 80; location / { proxy_pass http://app-blue:80; } }', services)).toEqual({
      slot: 'blue',
      release: null,
    });
    expect(liveInConfig('server { listen 80; }', services)).toBeNull();
  });

  test('tells the slot, and no release, where a hand has left what is no name of one', () => {
    const broken = renderLiveConfig({ ...slot, live }).replace(`"release":"${live.release}"`, '"release":"a\tb"');
    expect(broken).toContain('a\tb');
    expect(liveInConfig(broken, services)).toEqual({ slot: live.slot, release: null });
  });

  test('has nothing of a path or method from the settings but its bytes', () => {
    const odd = ['/a"b;}', '/x\n# y', '/$uri', '/o.o+', '/caf%C3%A9', '/café', '/(a|b)*'];
    const rules = { ...hold.rules, methods: ['PO"ST'], paths: odd, except: [] };
    const config = renderLiveConfig({ ...slot, live, hold: { ...hold, rules } });
    const patterns = [...config.matchAll(/^ {4}"~\^(.*)" writes;$/gm)].map(([, pattern]) => pattern);
    expect(patterns).toEqual([
      '(?:PO\\x22ST)$',
      '/a\\x22b\\x3b\\x7d',
      '/x\\x0a\\x23\\x20y',
      '/\\x24uri',
      '/o\\x2eo\\x2b',
      '/caf\\xC3\\xA9',
      '/caf\\xc3\\xa9',
      '/\\x28a\\x7cb\\x29\\x2a',
    ]);
  });
});

describe('the deadline as a regular expression', () => {
  const numbers = [1, 9, 10, 999, 1_795_426_414, 1_799_999_999, 1_800_000_000, 1_999_999_999, 9_999_999_999];

  test.each(numbers)('%d: matches from this second on, and none before', (deadline) => {
    const from = new RegExp(`${secondsFrom(deadline)}[.]`);
    const matches = (second: number) => from.test(`${second}.123`);
    const near = Array.from({ length: 2001 }, (_, at) => deadline - 1000 + at);
    const far = Array.from({ length: 10 }, (_, at) => [deadline - 10 ** at, deadline + 10 ** at]).flat();
    const seconds = [...near, ...far].filter((second) => second >= 0);
    expect(seconds.filter((second) => matches(second) !== second >= deadline)).toEqual([]);
  });

  test('compares all seconds of three digits rightly with each other', () => {
    const wrong: string[] = [];
    for (let deadline = 0; deadline < 1000; deadline += 7) {
      const from = new RegExp(`${secondsFrom(deadline)}[.]`);
      for (let second = 0; second < 1100; second++) {
        if (from.test(`${second}.000`) !== second >= deadline) wrong.push(`${second} from ${deadline}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});
