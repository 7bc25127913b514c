import { describe, expect, test } from 'vitest';
import { loadSettings } from '../../src/config/load.js';
import { routersOf } from '../../src/model/routers.js';
import { compose, projectWith, reportOn, smallest } from './support.js';

const internal = `  router-internal:
    image: nginx:1.30
    volumes: [internal-config:/etc/nginx/conf.d]
`;

/** A Compose file with a second router. */
const twoRouters = compose.replace('  litestream:', `${internal}  litestream:`);

const others = 'router: { upstreamPort: 9000, snippets: /etc/nginx/own, others: [{ service: router-internal';

async function settingsOf(text: string, environment?: string) {
  const directory = await projectWith({ 'pointsman.yml': `${smallest}${text}\n`, 'compose.yml': twoRouters });
  return loadSettings({ directory, ...(environment ? { environment } : {}) });
}

function report(keys: string, file = twoRouters): Promise<string> {
  return reportOn({ 'pointsman.yml': `${smallest}${keys}\n`, 'compose.yml': file });
}

describe('one router more', () => {
  test('is as the primary where it says nothing else', async () => {
    const { router, otherRouters } = await settingsOf(`${others}, port: 5001, maxBody: 1g }] }`);
    expect(otherRouters).toEqual([{ ...router, service: 'router-internal', port: 5001, maxBody: '1g' }]);
    expect(router).not.toHaveProperty('others');
  });

  test('has none of the snippets of the primary where it says so', async () => {
    const { router, otherRouters } = await settingsOf(`${others}, snippets: false }] }`);
    expect(router.snippets).toBe('/etc/nginx/own');
    expect(otherRouters?.[0]).not.toHaveProperty('snippets');
  });

  test('is not in the settings where there is none, or where an environment has none', async () => {
    expect(await settingsOf('router: { others: [] }')).not.toHaveProperty('otherRouters');
    const text = `${others} }] }\nenvironments: { production: {}, staging: { router: { others: [] } } }`;
    expect(await settingsOf(text, 'production')).toHaveProperty('otherRouters');
    expect(await settingsOf(text, 'staging')).not.toHaveProperty('otherRouters');
  });

  test('comes after the primary wherever something is done to all', async () => {
    const settings = await settingsOf(`${others}, port: 5001 }] }`);
    expect(routersOf(settings).map(({ router }) => `${router.service}:${router.port}`)).toEqual([
      'router:5000',
      'router-internal:5001',
    ]);
    for (const own of routersOf(settings)) expect(own).not.toHaveProperty('otherRouters');
  });
});

test.each([
  [
    'the primary itself',
    'router: { others: [{ service: router }] }',
    'pointsman.yml:3:31  router.others[0].service: router is the service of router already → name a service of its own for each router',
  ],
  [
    'a slot',
    'router: { others: [{ service: app-green }] }',
    'pointsman.yml:3:31  router.others[0].service: app-green is the service of slots.green already → name a service of its own for each router',
  ],
  [
    'one of the others',
    'router: { others: [{ service: router-internal }, { service: router-internal }] }',
    'pointsman.yml:3:61  router.others[1].service: router-internal is the service of router.others[0] already → name a service of its own for each router',
  ],
  [
    'a service that is not there',
    'router: { others: [{ service: router-intern }] }',
    'pointsman.yml:3:31  router.others[0].service: there is no service router-intern in compose.yml → did you mean router-internal?',
  ],
])('a second router on %s is refused', async (_, keys, expected) => {
  expect(await report(keys)).toContain(expected);
});

const second = 'router: { others: [{ service: router-internal }] }';

test.each([
  [
    'in the config directory of the first one',
    'internal-config:',
    'router-config:',
    'router-internal: router-config at /etc/nginx/conf.d is the config directory of router too → mount another one: router-internal-config:/etc/nginx/conf.d',
  ],
  [
    'without a mounted config directory',
    '    volumes: [internal-config:/etc/nginx/conf.d]\n',
    '',
    'router-internal: nothing is mounted at /etc/nginx/conf.d, so the config would be lost with the container → mount the directory: router-internal-config:/etc/nginx/conf.d',
  ],
  [
    'in a profile',
    '  router-internal:\n',
    '  router-internal:\n    profiles: [blue]\n',
    'router-internal: in the profile blue, but it must stay up whichever slot is live → remove profiles',
  ],
])('a second router %s is refused', async (_, from, to, expected) => {
  expect(twoRouters).toContain(from);
  expect(await report(second, twoRouters.replace(from, to))).toContain(expected);
});

test('a second router with a config directory of its own is left alone', async () => {
  expect(await report(second)).toBe('no problem');
});
