import { describe, expect, test } from 'vitest';
import { compose, reportOn, smallest } from './support.js';

const config = `${smallest}database: { path: /app/data/app.db, volume: app-data }
replica: { service: litestream }
`;

/** The report after one change to a Compose file that is right. */
async function after(from: string, to: string, file = config): Promise<string> {
  expect(compose, 'the text to change is there').toContain(from);
  return reportOn({ 'pointsman.yml': file, 'compose.yml': compose.replace(from, to) });
}

test('a Compose file that fits is left alone', async () => {
  expect(await reportOn({ 'pointsman.yml': config, 'compose.yml': compose })).toBe('no problem');
});

const blueProfile = '    profiles: [blue]\n';
const blueHealth = '    healthcheck: { test: [CMD, "true"] }\n';
const routerMount = 'router-config:/etc/nginx/conf.d]';

test.each([
  [
    'a slot that is missing',
    '  app-green:',
    '  app-gren:',
    'pointsman.yml:1:1  slots.green: there is no service app-green in compose.yml → did you mean app-gren?',
  ],
  [
    'a slot in no profile',
    blueProfile,
    '',
    'compose.yml:2:3  app-blue: in no profile, so every "up" starts it → write profiles: [blue]',
  ],
  [
    'a slot in the wrong profile',
    blueProfile,
    '    profiles: [web]\n',
    'compose.yml:3:5  app-blue: in web, not in the profile blue alone → write profiles: [blue]',
  ],
  [
    'a slot in both profiles',
    blueProfile,
    '    profiles: [blue, green]\n',
    'compose.yml:3:5  app-blue: in blue and green, not in the profile blue alone → write profiles: [blue]',
  ],
  [
    'a slot without a health check',
    blueHealth,
    '',
    'compose.yml:2:3  app-blue: no health check, so it would count as healthy as soon as it runs → add a healthcheck that asks /healthz',
  ],
  [
    'a slot whose health check is turned off',
    blueHealth,
    '    healthcheck: { disable: true }\n',
    'compose.yml:5:5  app-blue: no health check, so it would count as healthy as soon as it runs → add a healthcheck that asks /healthz',
  ],
  [
    'a slot whose health check is NONE',
    blueHealth,
    '    healthcheck: { test: [NONE] }\n',
    'compose.yml:5:5  app-blue: no health check, so it would count as healthy as soon as it runs → add a healthcheck that asks /healthz',
  ],
  [
    'a slot with a fixed image',
    '${BLUE_IMAGE:-shop:unreleased}',
    'shop:latest',
    'compose.yml:4:5  app-blue: its image is shop:latest, but pointsman sets BLUE_IMAGE so that each slot keeps its own → write image: ${BLUE_IMAGE:-registry.example.org/shop:unreleased}',
  ],
  [
    "a slot with the other slot's image",
    '${BLUE_IMAGE:-shop:unreleased}',
    '${GREEN_IMAGE}',
    'compose.yml:4:5  app-blue: its image is ${GREEN_IMAGE}, but pointsman sets BLUE_IMAGE so that each slot keeps its own → write image: ${BLUE_IMAGE:-registry.example.org/shop:unreleased}',
  ],
  [
    'a router that is missing',
    '  router:\n',
    '  proxy:\n',
    'pointsman.yml:1:1  router.service: there is no service router in compose.yml → add it, or choose one of app-blue, app-green, proxy, litestream',
  ],
  [
    'a router in a profile',
    '    image: nginx:1.30\n',
    '    image: nginx:1.30\n    profiles: [web]\n',
    'compose.yml:14:5  router: in the profile web, but it must stay up whichever slot is live → remove profiles',
  ],
  [
    'a router that depends on a slot',
    '    image: nginx:1.30\n',
    '    image: nginx:1.30\n    depends_on: [app-blue]\n',
    'compose.yml:14:5  router: it depends on app-blue, so it could not start without that slot → remove the slots from depends_on',
  ],
  [
    'a router whose config is not mounted',
    `    volumes: [${routerMount}\n`,
    '',
    'compose.yml:12:3  router: nothing is mounted at /etc/nginx/conf.d, so the config would be lost with the container → mount the directory: router-config:/etc/nginx/conf.d',
  ],
  [
    'a router whose config is a single file',
    routerMount,
    './app.conf:/etc/nginx/conf.d/app.conf]',
    'compose.yml:14:5  router: /etc/nginx/conf.d/app.conf is mounted as a single file: after a rename nginx would keep the old one for ever → mount the directory: router-config:/etc/nginx/conf.d',
  ],
  [
    'a router whose config cannot be written',
    routerMount,
    'router-config:/etc/nginx/conf.d:ro]',
    'compose.yml:14:5  router: /etc/nginx/conf.d is mounted read-only, and pointsman writes the config there → remove :ro',
  ],
  [
    'a Litestream in a profile',
    '    image: litestream/litestream:0.5\n',
    '    image: litestream/litestream:0.5\n    profiles: [blue]\n',
    'compose.yml:17:5  litestream: in the profile blue, but it must stay up whichever slot is live → remove profiles',
  ],
  [
    'a Litestream that is missing',
    '  litestream:\n',
    '  litestraem:\n',
    'pointsman.yml:4:21  replica.service: there is no service litestream in compose.yml → did you mean litestraem?',
  ],
  [
    'a volume that is missing',
    'volumes: { app-data: {},',
    'volumes: { app-dta: {},',
    'pointsman.yml:3:45  database.volume: there is no volume app-data in compose.yml → did you mean app-dta?',
  ],
  [
    'a slot without the volume',
    '    volumes: [app-data:/app/data]\n',
    '',
    'compose.yml:2:3  app-blue: /app/data/app.db is not on the volume app-data → mount app-data:/app/data',
  ],
  [
    'a volume mounted beside the database',
    'app-data:/app/data]',
    'app-data:/app/dat]',
    'compose.yml:6:5  app-blue: /app/data/app.db is not on the volume app-data → mount app-data:/app/data',
  ],
])('%s', async (_, from, to, report) => {
  expect(await after(from, to)).toBe(report);
});

describe('backups in a directory of their own', () => {
  const withBackups = (backups: string): string =>
    config.replace('volume: app-data', `volume: app-data, backups: ${backups}`);

  test.each(['/app/data/backups', '/app/data'])('at %s are in the volume', async (backups) => {
    expect(await after('services', 'services', withBackups(backups))).toBe('no problem');
  });

  test('outside of the volume are a problem of pointsman.yml', async () => {
    expect(await after('services', 'services', withBackups('/app/backups'))).toBe(
      'pointsman.yml:3:64  database.backups: /app/backups is not on the volume app-data, which app-blue mounts at /app/data → name a directory in /app/data',
    );
  });

  test('on another mount inside of it are a problem too: the slots would not see them', async () => {
    const report = await after(
      'app-data:/app/data]',
      'app-data:/app/data, "./kept:/app/data/backups"]',
      withBackups('/app/data/backups'),
    );
    expect(report).toContain('database.backups: /app/data/backups is not on the volume app-data');
  });

  test("cannot have the name of the database's own file", async () => {
    expect(await after('services', 'services', withBackups('/app/data/app.db'))).toBe(
      "pointsman.yml:3:64  database.backups: /app/data/app.db is the database's own file → name a directory, such as /app/data/backups",
    );
  });
});

test('what a YAML anchor or a merge key gives counts as written', async () => {
  const text = `x-app: &app
  healthcheck: &check { test: [CMD, "true"] }
  volumes:
    - { type: volume, source: app-data, target: /app/data/ }
services:
  app-blue: { <<: *app, profiles: [blue], image: "\${BLUE_IMAGE}" }
  app-green: { <<: [*app], profiles: [green], image: $GREEN_IMAGE }
  router: { image: nginx, volumes: [ "./nginx:\${CONFIG:-/etc/nginx/conf.d}" ] }
  litestream: { image: litestream, depends_on: { other: { condition: service_started } } }
volumes: { app-data: }
`;
  expect(await reportOn({ 'pointsman.yml': config, 'compose.yml': text })).toBe('no problem');
});

test('a second Compose file is merged over the first, and a problem is shown in the file that made it', async () => {
  const files = {
    'pointsman.yml': `${config}compose: [compose.yml, other.yml]\n`,
    'compose.yml': compose,
    'other.yml': 'services:\n  router:\n    profiles: [web]\n',
  };
  expect(await reportOn(files)).toBe(
    'other.yml:3:5  router: in the profile web, but it must stay up whichever slot is live → remove profiles',
  );
});

test('a file that Compose puts together from others is left to preflight, which asks Compose', async () => {
  expect(await reportOn({ 'pointsman.yml': config, 'compose.yml': 'include: [other.yml]\n' })).toBe('no problem');
});

test('a Compose file that is no YAML is shown beside the problems of pointsman.yml', async () => {
  const files = { 'pointsman.yml': `${smallest}helth: 1\n`, 'compose.yml': 'services:\n\trouter: {}\n' };
  expect(await reportOn(files)).toBe(`pointsman.yml:3:1  helth: unknown key → did you mean health?
compose.yml:2:1  a tab is used as indentation → indent with spaces`);
});
