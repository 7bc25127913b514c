import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Traffic } from '../../bench/traffic.js';
import { exitCodes } from '../../src/cli/exit-codes.js';
import { whoIsUp } from '../../src/temporal/presence.js';
import { composeByHand, inRouter } from '../support/by-hand.js';
import { imageRepository, Playground } from '../support/playground.js';
import { missing, underTraffic } from '../support/under-traffic.js';
import { untilBegun } from '../support/until-begun.js';

// The app as its users have run it by hand until now: both slots up, and a router with a config of their own.
let place: Playground;

const config = `# Ours, since 2019.
upstream blue { server app-blue:8000; }
upstream green { server app-green:8000; }
server {
  listen 5000;
  keepalive_min_timeout 2s;
  location / { proxy_pass http://blue; }
}
`;
const adopt = ['adopt', '-e', 'demo'];

/** All that an adopt must leave as it was where it does not end well: files, and the containers of the project. */
async function asItIs(): Promise<string[]> {
  const services = await Promise.all(['app-blue', 'app-green', 'router'].map((name) => place.container(name)));
  return [
    await inRouter(place, 'cd /etc/nginx/conf.d && ls -lR --full-time . && find . -type f | sort | xargs tail -n +1'),
    JSON.stringify(services.map((state) => state && [state.id, state.startedAt])),
    await readFile(join(place.directory, 'pointsman.yml'), 'utf8'),
  ];
}

/** They are others after each reload. */
const routerWorkers = () => inRouter(place, "grep -l '^nginx: worker' /proc/[0-9]*/cmdline");

const answer = async (path: string) => {
  const response = await fetch(`http://127.0.0.1:${place.port}${path}`);
  const { status, headers } = response;
  return { status, type: headers.get('content-type'), release: headers.get('x-release'), text: await response.text() };
};

beforeAll(async () => {
  place = await Playground.create();
  await composeByHand(place, 'up', '-d', '--wait');
  await inRouter(place, 'cat > /etc/nginx/conf.d/default.conf && nginx -s reload', config);
  while ((await answer('/healthz').catch(() => null))?.status !== 200);
});
afterAll(() => place?.[Symbol.asyncDispose]());

describe('adopt', () => {
  test('--dry-run shows what is live and the difference, and touches nothing', async () => {
    const before = await asItIs();
    const { code, out } = await place.run(...adopt, '--dry-run');
    expect(out).toContain(`live      blue (v1), in app-blue, of ${imageRepository}:v1; it stays as it is`);
    expect(out).toContain('- upstream blue { server app-blue:8000; }');
    expect(out).toContain('+ upstream pointsman_blue {');
    expect(code, out).toBe(exitCodes.succeeded);
    expect(await asItIs()).toEqual(before);
  });

  test('without a terminal and without --yes does nothing', async () => {
    const before = await asItIs();
    const { code, out } = await place.run(...adopt);
    expect(out).toContain('Nothing was changed: without a terminal an adopt needs --yes.');
    expect(code, out).toBe(exitCodes.usage);
    expect(await asItIs()).toEqual(before);
  });

  test.each([['--dry-run'], ['--yes']])(
    'refuses a release that the app does not say it is, before anything is touched (%s)',
    async (how) => {
      const before = [await asItIs(), await routerWorkers()];
      const { code, out } = await place.run(...adopt, how, '--release', 'v9');
      expect(out).toContain(
        'app-blue is expected to be v9, and could not be proven to be after the switch: ' +
          '/healthz answered from release v1. Leave --release out, or say --release v1.',
      );
      expect(code, out).toBe(exitCodes.refused);
      expect([await asItIs(), await routerWorkers()]).toEqual(before);
    },
  );

  test('that finds another answer than before puts everything back, and no request fails', async () => {
    await inRouter(place, 'cat > /tmp/flag', 'before\n');
    await inRouter(
      place,
      'cat > /etc/nginx/conf.d/own.inc',
      'location = /flag { default_type text/plain; alias /tmp/flag; }\n',
    );
    const own = config.replace('  location', '  include /etc/nginx/conf.d/own.inc;\n  location');
    await inRouter(place, 'cat > /etc/nginx/conf.d/default.conf && nginx -s reload', own);
    while ((await answer('/flag')).status !== 200);
    const before = await asItIs();
    const traffic = new Traffic({ port: place.port });
    const adopting = place.run(...adopt, '--yes', '--path', '/flag');
    await untilBegun(place, 'writeAdoption');
    await inRouter(place, 'cat > /tmp/flag', 'after\n');
    const { code, out } = await adopting;
    await traffic.atLeast(200);
    const { failures } = await traffic.stop();
    expect(out).toContain('not the same answers as before: /flag: ');
    expect(code, out).toBe(exitCodes.undone);
    expect(await asItIs()).toEqual(before);
    expect(failures).toEqual({});
    expect(await answer('/__pointsman')).toMatchObject({ status: 404 });
    expect((await answer('/flag')).text).toBe('after\n');
  });

  test('takes over what runs, though its worker is killed; then a deploy and a rollback, and no request fails', async () => {
    await inRouter(
      place,
      'rm /etc/nginx/conf.d/own.inc; cat > /etc/nginx/conf.d/default.conf && nginx -s reload',
      config,
    );
    const containers = (await asItIs())[1];
    const paths = ['/healthz', '/nowhere'];
    const answers = await Promise.all(paths.map(answer));
    const { code, out, traffic } = await underTraffic(
      place,
      async () => {
        const adopting = place.run(...adopt, '--yes', '--reason', 'time to');
        await untilBegun(place, 'reloadRouter');
        process.kill((await whoIsUp(place.home))?.pid ?? 0, 'SIGKILL');
        const adopted = await adopting;
        expect(adopted.code, adopted.out).toBe(exitCodes.succeeded);
        expect(await place.live()).toEqual({ slot: 'blue', release: 'v1' });
        expect((await asItIs())[1]).toBe(containers);
        expect(await Promise.all(paths.map(answer))).toEqual(answers);
        expect(await inRouter(place, 'cat /etc/nginx/conf.d/default.conf.before-pointsman')).toBe(config);
        expect(await place.deploy('v3')).toMatchObject({ code: exitCodes.succeeded });
        expect(await place.live()).toEqual({ slot: 'green', release: 'v3' });
        return place.run('rollback', '-e', 'demo');
      },
      2000,
    );
    expect(code, out).toBe(exitCodes.succeeded);
    expect(await place.live()).toEqual({ slot: 'blue', release: 'v1' });
    expect(traffic.failures).toEqual({});
    expect(traffic.sent).toBeGreaterThan(2000);
    expect(missing(traffic.written, await place.notes())).toEqual([]);
    expect((await place.run('history', '-e', 'demo')).out).toMatch(/adopt +v1 +succeeded +blue/);
  });

  test('says so where it is adopted already, and changes nothing', async () => {
    const before = await asItIs();
    const { code, out } = await place.run(...adopt, '--yes');
    expect(out).toContain("It is adopted already: the router's config is pointsman's; live: blue (v1).");
    expect(code, out).toBe(exitCodes.succeeded);
    expect(await asItIs()).toEqual(before);
  });
});
