import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Playground, type Identity } from '../support/playground.js';
import { missing, underTraffic } from '../support/under-traffic.js';

// What the way to the host can change, of what test/e2e/deploy.test.ts says: where commands run and with which environment,
// files that are written and read there, jobs that are cancelled, logs. The rest is the same code above it, and is tried once.
let place: Playground;
let unchanged: Record<string, Identity>;

describe('one environment on a host that is reached over SSH, from its first deploy on', () => {
  beforeAll(async () => {
    place = await Playground.create({ kind: 'ssh' });
  });
  afterAll(() => place?.[Symbol.asyncDispose]());

  test('the first deploy brings up router, litestream and the blue slot', async () => {
    const { code, out } = await place.deploy('v1');
    expect(out).toContain('live: blue (v1)');
    expect(code, out).toBe(0);
    expect(await place.live()).toEqual({ slot: 'blue', release: 'v1' });
    unchanged = await place.identities();
  });

  test('the second deploy switches to green: no request fails, no row is lost, and only the old slot stops', async () => {
    const { code, out, traffic } = await underTraffic(place, () => place.deploy('v2'));
    expect(code, out).toBe(0);
    expect(traffic).toMatchObject({ failed: 0, failures: {} });
    expect(missing(traffic.written, await place.notes())).toEqual([]);
    expect((await place.container('app-blue'))?.running).toBe(false);
  });

  test('a release that migrates and then fails is undone, every row is kept, and its crash is shown', async () => {
    const { code, out, traffic } = await underTraffic(place, () => place.deploy('broken'));
    expect(code, out).toBe(4);
    expect(out).toContain("app-blue exited with code 1: KeyError: 'PAYMENTS_API_KEY'");
    expect(out).toContain('Live: green (v2), as before.');
    expect(out.slice(out.indexOf('── app (app-blue), last'), out.indexOf('── router, last'))).toContain(
      'Traceback (most recent call last):',
    );
    expect(traffic).toMatchObject({ failed: 0, releases: { v2: traffic.sent } });
    const salvage = (await place.files()).find((name) => /^app\.db\.failed-\w+$/.test(name));
    expect(missing(traffic.written, await place.notes(), await place.notes(salvage))).toEqual([]);
  });

  test('a deploy that is cancelled in the middle is undone and says what is live', async () => {
    const deploying = place.start('deploy', '-e', 'demo', '--release', 'hanging');
    await place.untilRunning('composeUpWait');
    const abort = await place.run('abort', '-e', 'demo');
    expect(abort.code, abort.out).toBe(7);
    expect((await deploying).exitCode).toBe(7);
    expect(abort.out).toContain('Live: green (v2), as before.');
    expect((await place.container('app-blue'))?.running ?? false).toBe(false);
  });

  test('the history tells every release and how it ended, and router and litestream were never restarted', async () => {
    const { stdout } = await place.start('history', '-e', 'demo', '--json');
    const ended = (JSON.parse(stdout) as { release: string; outcome: string }[]).map(
      ({ release, outcome }) => `${release} ${outcome}`,
    );
    expect(ended).toEqual(['hanging cancelled', 'broken undone', 'v2 succeeded', 'v1 succeeded']);
    expect(await place.identities()).toEqual(unchanged);
  });
});
