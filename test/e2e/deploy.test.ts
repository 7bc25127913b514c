import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { execIn } from '../../src/docker/container.js';
import { imageRepository, Playground, type Identity } from '../support/playground.js';
import { missing, underTraffic } from '../support/under-traffic.js';

let place: Playground;
let unchanged: Record<string, Identity>;

describe('one environment, from its first deploy on', () => {
  beforeAll(async () => {
    place = await Playground.create();
  });
  afterAll(() => place?.[Symbol.asyncDispose]());

  test('a release whose image does not exist is refused before anything is touched', async () => {
    const { code, out } = await place.deploy('nowhere');
    expect(out).toContain(`The image ${imageRepository}:nowhere is not on the host`);
    expect(code, out).toBe(3);
    expect(await place.container('router')).toBeNull();
  });

  test('the first deploy brings up router, litestream and the blue slot', async () => {
    const { code, out } = await place.deploy('v1');
    expect(out).toContain('live: blue (v1)');
    expect(code, out).toBe(0);
    expect(await place.live()).toEqual({ slot: 'blue', release: 'v1' });
    unchanged = await place.identities();
  });

  test('the second deploy switches to green: no request fails, no row is lost, and only the old slot stops', async () => {
    const { code, out, traffic } = await underTraffic(place, () => place.deploy('v2'), 2000);
    expect(code, out).toBe(0);
    expect(traffic).toMatchObject({ failed: 0, failures: {} });
    expect(traffic.sent).toBeGreaterThanOrEqual(2000);
    expect(Object.keys(traffic.releases).sort()).toEqual(['v1', 'v2']);
    expect(missing(traffic.written, await place.notes())).toEqual([]);
    expect((await place.container('app-blue'))?.running).toBe(false);
    expect(await place.identities()).toEqual(unchanged);
  });

  test('a release that migrates and then fails is undone: the database is restored and every row is kept', async () => {
    const before = await place.python('print(db.execute("SELECT sql FROM sqlite_master").fetchall())');
    const { code, out, traffic } = await underTraffic(place, () => place.deploy('broken'));
    expect(code, out).toBe(4);
    expect(out).toContain("app-blue exited with code 1: KeyError: 'PAYMENTS_API_KEY'");
    expect(out).toContain('Live: green (v2), as before.');
    expect(traffic).toMatchObject({ failed: 0, releases: { v2: traffic.sent } });
    expect(await place.python('print(db.execute("SELECT sql FROM sqlite_master").fetchall())')).toBe(before);
    const salvage = (await place.files()).find((name) => /^app\.db\.failed-\w+$/.test(name));
    expect(missing(traffic.written, await place.notes(), await place.notes(salvage))).toEqual([]);
  });

  test('a release that fails without migrating leaves the database as it is: all rows are still live', async () => {
    const { code, out, traffic } = await underTraffic(place, () => place.deploy('broken-without-migration'));
    expect(code, out).toBe(4);
    expect(out).toContain('Database kept: the failed release changed neither schema nor migration state.');
    expect(traffic.failed).toBe(0);
    expect(missing(traffic.written, await place.notes())).toEqual([]);
  });

  test('a release whose third migration fails leaves none of the batch applied', async () => {
    const { code, out } = await place.deploy('failing-migration');
    expect(code, out).toBe(4);
    expect(out).toContain('no such table: nowhere');
    const tables = await place.python('print([n for (n,) in db.execute("SELECT name FROM sqlite_master")])');
    expect(tables).not.toContain('tags');
  });

  test("the app's crash is shown apart from the router's and litestream's lines", async () => {
    const { code, out } = await place.deploy('broken-without-migration');
    expect(code, out).toBe(4);
    const [app, router, litestream] = ['── app (app-blue), last', '── router, last', '── litestream, last'].map(
      (heading) => out.indexOf(heading),
    );
    expect(
      [app, router, litestream].every((at) => at !== undefined && at > 0),
      out,
    ).toBe(true);
    expect(out.slice(app, router)).toContain('Traceback (most recent call last):');
  });

  test('another deploy while one runs is refused with who and what, and the first one goes on', async () => {
    await place.holdSlots();
    const first = place.start('deploy', '-e', 'demo', '--release', 'v3');
    await place.untilRunning('composeUpWait');
    const second = await place.deploy('v1');
    await place.letSlotsGo();
    expect(second.code, second.out).toBe(6);
    expect(second.out).toMatch(/is busy: deploy v3 by \S+@\S+, since/);
    expect((await first).exitCode).toBe(0);
    expect(await place.live()).toEqual({ slot: 'blue', release: 'v3' });
  });

  test('a deploy that is cancelled in the middle is undone and says what is live', async () => {
    const deploying = place.start('deploy', '-e', 'demo', '--release', 'hanging');
    await place.untilRunning('composeUpWait');
    const abort = await place.run('abort', '-e', 'demo');
    expect(abort.code, abort.out).toBe(7);
    expect((await deploying).exitCode).toBe(7);
    expect(abort.out).toContain('Live: blue (v3), as before.');
    expect(await place.live()).toEqual({ slot: 'blue', release: 'v3' });
    expect((await place.container('app-green'))?.running ?? false).toBe(false);
  });

  test('a rollback goes back to the release before without being told which, and no request fails', async () => {
    const { code, out, traffic } = await underTraffic(place, () => place.run('rollback', '-e', 'demo'));
    expect(code, out).toBe(0);
    expect(traffic.failed).toBe(0);
    expect(await place.live()).toEqual({ slot: 'green', release: 'v2' });
  });

  test('router and litestream are the same containers as after the first deploy, never restarted', async () => {
    expect(await place.identities()).toEqual(unchanged);
  });

  test('the history tells every release and how it ended, newest first', async () => {
    const { stdout } = await place.start('history', '-e', 'demo', '--json');
    const ended = (JSON.parse(stdout) as { release: string; outcome: string }[]).map(
      ({ release, outcome }) => `${release} ${outcome}`,
    );
    expect(ended.slice(0, 3)).toEqual(['v2 succeeded', 'hanging cancelled', 'v3 succeeded']);
    expect(ended.at(-1)).toBe('v1 succeeded');
  });

  test('a router whose config nginx refuses is found before anything is touched, and goes on serving', async () => {
    await exec('router', 'echo "nonsense;" > /etc/nginx/conf.d/zz-broken.conf');
    const { code, out, traffic } = await underTraffic(place, () => place.deploy('v3'));
    await exec('router', 'rm /etc/nginx/conf.d/zz-broken.conf');
    expect(out).toContain('unknown directive "nonsense"');
    expect(code, out).toBe(3);
    expect(traffic.failed).toBe(0);
    expect(await place.live()).toEqual({ slot: 'green', release: 'v2' });
  });

  test('a wiped router volume is filled again from the slot that runs', async () => {
    await exec('router', 'rm -f /etc/nginx/conf.d/*');
    await place.docker.getContainer((await place.container('router'))?.id ?? '').restart();
    const { code, out } = await place.deploy('v3');
    expect(code, out).toBe(0);
    expect(await place.live()).toEqual({ slot: 'blue', release: 'v3' });
  });
});

async function exec(service: string, script: string): Promise<void> {
  const container = await place.container(service);
  const { exitCode, stderr } = await execIn(place.docker, container?.id ?? '', ['sh', '-c', script]);
  if (exitCode !== 0) throw new Error(stderr);
}
