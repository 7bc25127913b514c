import { expect, test } from 'vitest';
import { loadSettings } from '../../src/config/load.js';
import { compose, projectWith, reportOn, smallest } from './support.js';

async function settingsOf(text: string, environment?: string) {
  const directory = await projectWith({ 'pointsman.yml': `${smallest}${text}\n`, 'compose.yml': compose });
  return loadSettings({ directory, ...(environment ? { environment } : {}) });
}

const judging = { windowMs: 10_000, failures: 3, maxErrorPercent: 1, maxLatencyFactor: 3, minRequests: 20 };

test('what is off is not in the settings, which every history keeps', async () => {
  const off = await settingsOf('canary: []\nbake: false\napproval: none');
  for (const key of ['canary', 'bake', 'judging', 'approval']) expect(off).not.toHaveProperty(key);
  expect(Object.keys(off.router)).toEqual(['service', 'port', 'upstreamPort', 'configDirectory']);
});

test('a list of stages is a canary with every default, judged as a bake would be', async () => {
  const { canary, bake, judging: judged } = await settingsOf('canary: [5, 25, 50]');
  expect(canary).toEqual({ stages: [5, 25, 50], pauseMs: 60_000, sticky: 'none' });
  expect({ bake, judged }).toEqual({ bake: undefined, judged: judging });
});

test('a canary without a bake is judged in its own pauses, however short', async () => {
  const { judging: judged } = await settingsOf('canary: { stages: [50], pause: 2s, sticky: cookie }');
  expect(judged).toEqual({ ...judging, windowMs: 2000 });
});

test('a bake that is only turned on has every default, and an environment can turn it off', async () => {
  const text = 'bake: true\nenvironments: { production: {}, staging: { bake: false } }';
  const production = await settingsOf(text, 'production');
  expect({ bake: production.bake, judging: production.judging }).toEqual({ bake: { durationMs: 120_000 }, judging });
  expect(await settingsOf(text, 'staging')).not.toHaveProperty('bake');
});

test('each limit of a bake can be set', async () => {
  const text = 'bake: { duration: 5m, window: 30s, failures: 2, errors: 0.5%, latency: false, minRequests: 100 }';
  const { bake, judging: judged } = await settingsOf(text);
  expect(bake).toEqual({ durationMs: 300_000 });
  expect(judged).toEqual({
    ...{ windowMs: 30_000, failures: 2, maxErrorPercent: 0.5, maxLatencyFactor: null, minRequests: 100 },
  });
});

test('an approval is a word, or a map that also says how long and what then', async () => {
  expect((await settingsOf('approval: before-switch')).approval).toEqual({
    ...{ when: 'before-switch', timeoutMs: 3_600_000, otherwise: 'abort' },
  });
  const map = 'canary: [10]\napproval: { when: after-canary, timeout: 20m, otherwise: approve }';
  expect((await settingsOf(map)).approval).toEqual({
    ...{ when: 'after-canary', timeoutMs: 1_200_000, otherwise: 'approve' },
  });
});

test('an environment replaces a canary, an approval and single limits of a bake', async () => {
  const text = `canary: [5, 25]
bake: { duration: 10m, errors: 2% }
approval: before-switch
environments:
  production: {}
  staging: { canary: [50], approval: none, bake: { duration: 1m } }`;
  expect(await settingsOf(text, 'staging')).toMatchObject({
    canary: { stages: [50] },
    bake: { durationMs: 60_000 },
    judging: { maxErrorPercent: 2 },
  });
  expect(await settingsOf(text, 'staging')).not.toHaveProperty('approval');
  expect((await settingsOf(text, 'production')).approval?.when).toBe('before-switch');
});

test('the limits of the router are in the settings as far as they are set', async () => {
  const { router } = await settingsOf('router: { maxBody: 1g, readTimeout: 10m, snippets: /etc/nginx/own }');
  expect(router).toMatchObject({ maxBody: '1g', readTimeoutMs: 600_000, snippets: '/etc/nginx/own' });
  for (const key of ['sendTimeoutMs', 'upstreamIdleMs']) expect(router).not.toHaveProperty(key);
});

test.each([
  [
    'a canary that is a number',
    'canary: 5',
    '3:9  canary: expected a list of percents, or a map, found 5 → write it like [5, 25, 50]',
  ],
  [
    'a stage of everything',
    'canary: [5, 100]',
    '3:13  canary[1]: expected a whole number from 1 to 99, found 100 → write it like 25',
  ],
  [
    'a stage that takes users away again',
    'canary: [5, 50, 25]',
    '3:17  canary[2]: 25 comes after 50, which is more → write [5, 25, 50]',
  ],
  [
    'a stage that is there twice, in a map',
    'canary: { stages: [5, 5] }',
    '3:23  canary.stages[1]: 5 is there twice → write [5]',
  ],
  ['a canary without stages', 'canary: { pause: 1m }', '3:1  canary.stages: missing → add stages: [5, 25, 50]'],
  [
    'a misspelt key of a canary',
    'canary: { stages: [5], pauze: 1m }',
    '3:24  canary.pauze: unknown key → did you mean pause?',
  ],
  [
    'a canary that sticks to nothing known',
    'canary: { stages: [5], sticky: cooky }',
    '3:32  canary.sticky: expected one of none, cookie, address, found the text "cooky" → did you mean cookie?',
  ],
  ['errors without a sign', 'bake: { errors: 1 }', '3:17  bake.errors: a share needs its sign → write 1%'],
  [
    'errors beyond all',
    'bake: { errors: 101% }',
    '3:17  bake.errors: expected a share from 0% to 100%, found the text "101%" → write it like 1%',
  ],
  [
    'a latency that forbids the usual',
    'bake: { latency: 0.5 }',
    '3:18  bake.latency: expected a number from 1 to 100, found 0.5 → write it like 3',
  ],
  [
    'a bake in which nothing can fail',
    'bake: { duration: 20s }',
    '3:19  bake.duration: 20s is less than 3 windows of 10s, so nothing could switch back → write 30s or more, or a shorter window',
  ],
  [
    'a stage that ends before it is judged',
    'bake: true\ncanary: { stages: [5], pause: 5s }',
    '4:31  canary.pause: 5s is less than bake.window, so no stage would be judged → write 10s or more, or a shorter bake.window',
  ],
  [
    'an approval that is misspelt',
    'approval: before-swich',
    '3:11  approval: expected none, before-switch, after-canary, or a map, found the text "before-swich" → did you mean before-switch?',
  ],
  [
    'an approval of which nobody knows when',
    'approval: { timeout: 5m }',
    '3:1  approval.when: missing → add when: before-switch',
  ],
  [
    'an approval after a canary that is not there',
    'approval: after-canary',
    '3:11  approval: there is no canary to be asked after → add canary: [5, 25, 50], or write before-switch',
  ],
  [
    'the same in a map',
    'canary: []\napproval: { when: after-canary }',
    '4:19  approval.when: there is no canary to be asked after → add canary: [5, 25, 50], or write before-switch',
  ],
  [
    'a body of no size',
    'router: { maxBody: 10MB }',
    '3:20  router.maxBody: expected a size in bytes, or with k, m or g, found the text "10MB" → write it like 500m',
  ],
])('%s is said where it is written', async (_, text, report) => {
  const files = { 'pointsman.yml': `${smallest}${text}\n`, 'compose.yml': compose };
  expect(await reportOn(files)).toBe(`pointsman.yml:${report}`);
});

test('a canary in an environment is checked with its place there', async () => {
  const text = `${smallest}environments: { production: { canary: [50, 5] } }\n`;
  expect(await reportOn({ 'pointsman.yml': text, 'compose.yml': compose })).toBe(
    'pointsman.yml:3:44  environments.production.canary[1]: 5 comes after 50, which is more → write [5, 50]',
  );
});
