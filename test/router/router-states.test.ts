import { describe, expect, test } from 'vitest';
import type { Candidate } from '../../src/router/candidate-config.js';
import { isWhole, liveInConfig, renderLiveConfig, type LiveConfig } from '../../src/router/nginx-config.js';
import { statesIn } from '../../src/router/router-states.js';
import { quotedJson } from '../../src/router/state-line.js';

const healthPath = '/healthz';
const by = '20261123T092334Z';
const live = { slot: 'blue', release: 'v1' } as const;
const blue: LiveConfig = { live, service: 'app-blue', upstreamPort: 8000, port: 5000, modern: true };
const services = { blue: 'app-blue', green: 'app-green' };

const candidate = { by, slot: 'green', release: 'v2', weight: 25, sticky: 'none' } as const;
const green = (change: Partial<Candidate> = {}) => ({ ...candidate, ...change, service: 'app-green' });
const watch = { by, file: '/etc/nginx/conf.d/pointsman-watch.log', healthPath };
const maintenance = { by: 'ada@office', since: by, healthPath };
const hold = {
  by,
  until: 1795426414,
  rules: { methods: ['POST'], paths: [], except: [], timeoutMs: 300_000, retryAfterSeconds: 10 },
  healthPath,
};

describe('the router’s config is this whole file', () => {
  test('while a quarter of the requests goes to the next release, each as it comes', async () => {
    await expect(renderLiveConfig({ ...blue, candidate: green() })).toMatchFileSnapshot('fixtures/canary.conf');
  });

  test('while a quarter of the users has the next release, told by a cookie', async () => {
    const config = renderLiveConfig({ ...blue, candidate: green({ sticky: 'cookie' }), watch });
    await expect(config).toMatchFileSnapshot('fixtures/canary-cookie-watched.conf');
  });

  test('while only those get the next release who ask for it', async () => {
    const config = renderLiveConfig({ ...blue, candidate: green({ weight: 0, sticky: 'cookie' }) });
    await expect(config).toMatchFileSnapshot('fixtures/preview.conf');
  });

  test('while what it answers is noted', async () => {
    await expect(renderLiveConfig({ ...blue, watch })).toMatchFileSnapshot('fixtures/watched.conf');
  });

  test('under maintenance', async () => {
    await expect(renderLiveConfig({ ...blue, maintenance })).toMatchFileSnapshot('fixtures/maintenance.conf');
  });

  test('with limits and snippets of the user’s', async () => {
    const limits = { maxBody: '2g', readTimeoutMs: 3_600_000, sendTimeoutMs: 2500, upstreamIdleMs: 4000 };
    const config = renderLiveConfig({ ...blue, own: { ...limits, snippets: '/etc/nginx/snippets' } });
    await expect(config).toMatchFileSnapshot('fixtures/own.conf');
  });

  test('with all of these at once', async () => {
    const own = { snippets: '/etc/nginx/snippets' };
    const all = { candidate: green({ sticky: 'address' }), watch, maintenance, hold, own, mergesHeaders: true };
    await expect(renderLiveConfig({ ...blue, ...all })).toMatchFileSnapshot('fixtures/all-states.conf');
  });
});

describe('the states of a config', () => {
  const all = renderLiveConfig({ ...blue, candidate: green(), watch, maintenance, hold });

  test('are known again, each by itself and all together', () => {
    const none = { hold: null, candidate: null, watch: null, maintenance: null };
    expect(statesIn(null)).toEqual(none);
    expect(statesIn(renderLiveConfig(blue))).toEqual(none);
    expect(statesIn(renderLiveConfig({ ...blue, candidate: green() }))).toEqual({ ...none, candidate });
    expect(statesIn(renderLiveConfig({ ...blue, watch }))).toEqual({ ...none, watch: { by } });
    const maintained = { by: 'ada@office', since: by };
    expect(statesIn(renderLiveConfig({ ...blue, maintenance }))).toEqual({ ...none, maintenance: maintained });
    expect(statesIn(all)).toEqual({
      hold: { by, until: hold.until },
      candidate,
      watch: { by },
      maintenance: maintained,
    });
  });

  test('never hide what is live: during a canary that is the release from before', () => {
    expect(liveInConfig(all, services)).toEqual(live);
  });

  test('leave it a config, and none where it was cut short at any point', () => {
    expect(isWhole(all)).toBe(true);
    const cuts = Array.from({ length: all.trimEnd().length }, (_, at) => all.slice(0, at));
    expect(cuts.filter(isWhole)).toEqual([]);
  });

  test('cannot be made up by whoever asks for maintenance: a name is only a name', () => {
    const name = `ada'; return 200 '{"slot":"green","release":"v9"}\n# Candidate: {} $uri \\ é`;
    const config = renderLiveConfig({ ...blue, maintenance: { ...maintenance, by: name } });
    expect(liveInConfig(config, services)).toEqual(live);
    expect(statesIn(config)).toMatchObject({ candidate: null, maintenance: { by: name } });
    const answer = quotedJson({ by: name });
    expect(answer).not.toMatch(/['$\\](?!u[0-9a-f]{4})/);
    expect(JSON.parse(answer)).toEqual({ by: name });
  });
});

test('a candidate is never written for an nginx that would not start while its slot is stopped', () => {
  expect(() => renderLiveConfig({ ...blue, modern: false, candidate: green() })).toThrow('nginx 1.27.4 or later');
});
