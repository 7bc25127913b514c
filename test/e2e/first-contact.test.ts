import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exitCodes } from '../../src/cli/exit-codes.js';
import { composeByHand, inRouter } from '../support/by-hand.js';
import { Playground } from '../support/playground.js';
import { missing, underTraffic } from '../support/under-traffic.js';

// The app as its users have run it by hand until now: both slots up, and a router with a config of their own.
let place: Playground;

const upstreams = 'upstream blue { server app-blue:8000; }\nupstream green { server app-green:8000; }\n';
const own = `add_header X-Own-Header kept always;
location /static/ { default_type text/plain; return 200 "a file"; }
`;
const snippets = '/etc/nginx/conf.d/snippets';

function config(inServer: string): string {
  return `${upstreams}server {
  listen 5000;
  ${inServer}
  location / { proxy_pass http://blue; }
}
`;
}

const configFiles = (): Promise<string> =>
  inRouter(place, 'cd /etc/nginx/conf.d && for f in *.*; do echo "== $f"; cat "$f"; done');

const staticFile = async () => {
  const answer = await fetch(`http://127.0.0.1:${place.port}/static/a.txt`);
  return { status: answer.status, text: await answer.text(), own: answer.headers.get('x-own-header') };
};

beforeAll(async () => {
  place = await Playground.create();
  await composeByHand(place, 'up', '-d', '--wait');
  await inRouter(place, 'cat > /etc/nginx/conf.d/default.conf && nginx -s reload', config(own));
  while ((await staticFile()).status !== 200);
});
afterAll(() => place?.[Symbol.asyncDispose]());

describe('an app that runs already behind a router with a config of its user', () => {
  test('is left as it is by check and deploy: both say what would be lost, and no request fails', async () => {
    const before = [
      await configFiles(),
      JSON.stringify([await place.container('app-blue'), await place.container('app-green')]),
    ];
    const { code, out, traffic } = await underTraffic(place, async () => {
      const check = await place.run('check', '-e', 'demo');
      expect(check.out).toContain(
        'default.conf:5 add_header X-Own-Header kept always; default.conf:6 location /static/',
      );
      expect(check.code, check.out).toBe(exitCodes.refused);
      return place.deploy('v3');
    });
    expect(out).toContain(
      "The router's /etc/nginx/conf.d/default.conf was not written by pointsman, and this in it would be lost",
    );
    expect(code, out).toBe(exitCodes.refused);
    expect(traffic.failures).toEqual({});
    const after = [
      await configFiles(),
      JSON.stringify([await place.container('app-blue'), await place.container('app-green')]),
    ];
    expect(after).toEqual(before);
  });

  test('is deployed to once its own part stands in snippets: the slot that serves is live, and no request fails', async () => {
    await inRouter(place, `mkdir -p ${snippets}/server && cat > ${snippets}/server/own.conf`, own);
    const include = config(`keepalive_min_timeout 2s;\n  include ${snippets}/server/*.conf;`);
    await inRouter(place, 'cat > /etc/nginx/conf.d/default.conf && nginx -s reload', include);
    await place.edit('pointsman.yml', (text) => `${text}router: { snippets: ${snippets} }\n`);
    const { code, out, traffic } = await underTraffic(place, () => place.deploy('v3'));
    expect(out).toContain('It is kept beside it as default.conf.before-pointsman.');
    expect(code, out).toBe(exitCodes.succeeded);
    expect(await place.live()).toEqual({ slot: 'green', release: 'v3' });
    expect(traffic.failures).toEqual({});
    expect(missing(traffic.written, await place.notes())).toEqual([]);
    expect(await staticFile()).toEqual({ status: 200, text: 'a file', own: 'kept' });
    expect(await inRouter(place, 'cat /etc/nginx/conf.d/default.conf.before-pointsman')).toBe(include);
  });
});
