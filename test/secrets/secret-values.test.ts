import { describe, expect, test } from 'vitest';
import { looksSecret } from '../../src/secrets/public-value.js';
import { secretValues } from '../../src/secrets/secret-values.js';

describe('a variable of this name is secret even where its value looks harmless:', () => {
  test.each([
    ...['STRIPE_KEY', 'AWS_SECRET_ACCESS_KEY', 'DB_PASSWORD', 'SMTP_PASSWD', 'github_token', 'GOOGLE_CREDENTIALS'],
    ...[
      'SENTRY_DSN',
      'TLS_PRIVATE',
      'DB_PASS',
      'SMTP_PASS',
      'MYSQL_PWD',
      'PGPASS',
      'PGPASSWORD',
      'JWT',
      'AUTH',
      'dbPass',
    ],
    ...[
      'BASIC_AUTH',
      'API_PW',
      'PW',
      'SLACK_WEBHOOK_URL',
      'AZURE_CONNECTION_STRING',
      'ConnectionString',
      'SESSION_SALT',
    ],
    ...['COOKIE_SIGNING', 'GPG_PASSPHRASE', 'ADMIN_PIN', 'API_KEYS', 'USER_PASSES', 'DB_PASS2', 'TOTP_SEED'],
  ])('%s', (name) => {
    expect(looksSecret(name)).toBe(true);
    expect(secretValues([`${name}=sesame`, `${name}=12345678`])).toEqual(['sesame', '12345678']);
  });
});

test.each([
  ...['PATH', 'PORT', 'RELEASE', 'HOSTNAME', 'DATABASE_PATH', 'PWD', 'OLDPWD', 'AUTHOR', 'PASSENGER_APP', 'PINGS'],
  ...['TLS_KEY_FILE', 'SSH_AUTH_SOCK'],
])('%s is not taken for the name of a secret', (name) => {
  expect(looksSecret(name)).toBe(false);
});

test.each([
  ['GREETING', 'Hello-World-4711'],
  ['SENTRY_URL', 'https://4711abcdef@o1.ingest.sentry.io/42'],
  ['REDIS_URL', 'redis://:hunter2@cache:6379/0'],
  ['HOOK', 'https://hooks.example.org/services/T02/B0a4d/x8Yz01abCD'],
  ['STORAGE', 'https://example.org/files?sig=4711abcdef'],
  ['ACCOUNT', 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLE'],
  ['ACCOUNT', '/wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLE'],
  ['ACCOUNT', '9f86d081884c7d659a2feaa0c55ad015'],
  ['ACCOUNT', '4711471147114711'],
  ['DB_HOST', '9f86d081884c7d659a2feaa0'],
  ['TLS_KEY_FILE', 'MIIEvQIBADANBgkqhkiG9w0BAQ'],
  ['RELEASE', 'https://ada:hunter2@example.org/v1'],
  ['ANYTHING', 'sesame'],
])('whatever is not plainly public is secret, by whatever name: %s=%s', (name, value) => {
  expect(secretValues([`${name}=${value}`])).toContain(value);
});

describe('plainly public, and left readable:', () => {
  test.each([
    ...[
      'SLOT=blue',
      'RELEASE=v1',
      'BLUE_RELEASE=89c1743f0c6492a73a42d8',
      'GREEN_IMAGE=registry.example.org/shop:89c1743f0c',
    ],
    ...[
      'PORT=8000',
      'MAX_BYTES=104857600',
      'TIMEOUT=300000ms',
      'PYTHON_VERSION=3.11.14',
      'RATIO=0.12345',
      'BUILT=2026-01-31',
      'BUILT=2026-01-31T12:00:00.000Z',
      'DEBUG=False',
    ],
    ...['DATABASE_PATH=/app/data/app.db', 'PATH=/usr/local/bin:/usr/bin', 'MODULES=/opt/app-1/lib:/opt/shared'],
    ...[
      'LITESTREAM_R2_BUCKET=notes',
      'LITESTREAM_R2_BUCKET=shop-backups',
      'R2_ENDPOINT=http://s3:9000',
      'AWS_REGION=eu-central-1',
    ],
    ...[
      'R2_ENDPOINT=https://4711abcdef.r2.example.org',
      'APP_URL=https://shop.example.org/app',
      'DATABASE_URL=sqlite:////app/data/app.db',
    ],
    ...[
      'BIND=0.0.0.0:8000',
      'LISTEN=[::]:8000',
      'SUBNET=10.0.0.0/16',
      'CACHE=localhost:6379',
      'DB_HOST=db.example.org',
      'LOG_LEVEL=warning',
    ],
    ...[
      'LANG=en_US.UTF-8',
      'HOME=/home/ada',
      'NODE_ENV=production',
      'TZ=Europe/Berlin',
      'ORIGINS=https://a.example.org,https://b.example.org',
    ],
    ...['TLS_KEY_FILE=/run/secrets/tls.key', 'SESSION_DRIVER=enabled', 'EMPTY=', 'QUOTED="/app/data/app.db"'],
  ])('%s', (line) => {
    expect(secretValues([line])).toEqual([]);
  });

  test('what the app is made of, whatever variable has its name', () => {
    const known = new Set(['postgres-main', 'app-data']);
    expect(secretValues(['QUEUE=app-data', 'DB=postgres-main:5432', 'DB_PASSWORD=postgres-main'], known)).toEqual([]);
    expect(secretValues(['QUEUE=app-data2'], known)).toEqual(['app-data2']);
  });
});

test.each([
  ['the password of a URL', 'DATABASE_URL=postgres://shop:hunter2@db/shop', 'hunter2'],
  ['a password with what would end it', 'DATABASE_URL=postgres://shop:hun/te@r2@db/shop', 'hun/te@r2'],
  ['an encoded password, as it is meant', 'DATABASE_URL=postgres://shop:hun%40ter2@db/shop', 'hun@ter2'],
  ['the password of a URL within a URL', 'URL=jdbc:postgresql://shop:hunter2@db/shop', 'hunter2'],
  ['a token in the place of a user', 'SENTRY_URL=https://4711abcdef@sentry.example.org/4', '4711abcdef'],
  ['the path of a webhook', 'HOOK=https://hooks.example.org/T02/x8Yz01abCD', '/T02/x8Yz01abCD'],
  ['what a query says', 'URL=https://example.org/?v=1&api_key=hunter2', 'hunter2'],
  ['a part of a connection string', 'AZURE=AccountName=notes;AccountKey=hunter2==;EndpointSuffix=x', 'hunter2=='],
  ['a password in words', "PG=host=db user=shop password='hunter2'", 'hunter2'],
  ['what JSON holds', 'GOOGLE={"type":"service","nested":{"private_key":"first\\nsecond"}}', 'first\nsecond'],
  ['each key of a list', 'API_KEYS=hunter2, hunter3', 'hunter3'],
  ['the password of a pair', 'BASIC_AUTH=ada:hunter2', 'hunter2'],
])('%s is a secret of its own', (_, line, secret) => {
  expect(secretValues([line])).toEqual(expect.arrayContaining([secret, line.slice(line.indexOf('=') + 1)]));
});

test.each([
  ['a URL in JSON', 'SETTINGS={"url":"postgres://shop:hunter2@db/shop"}', 'hunter2'],
  ['a query in a URL in a list', 'URLS=name=x,token=https://example.org/?key=hunter2', 'hunter2'],
])('a secret is found within %s', (_, line, secret) => {
  expect(secretValues([line])).toContain(secret);
});

test('a user and a database of a URL are no secrets of their own', () => {
  const url = 'postgres://shop_user:hunter2@db/shop_production';
  expect(secretValues([`DATABASE_URL=${url}`])).toEqual([url, 'hunter2']);
});

test('secrets are found in every way in which an env file or a container has them', () => {
  const lines = [
    '# API_KEY=comment',
    'PORT=8000',
    'API_KEY=plain-1',
    'export A_TOKEN = "double quoted"',
    "B_TOKEN='single # quoted'",
    'C_TOKEN=has=equals',
    'D_TOKEN=commented # by hand',
    'E_TOKEN="in quotes" # by hand',
    String.raw`F_TOKEN="es\"cap\\ed\nby \$"`,
    'PRIVATE_KEY=first\nsecond',
    'not a variable',
  ];
  expect(secretValues(lines)).toEqual(
    expect.arrayContaining([
      'plain-1',
      'double quoted',
      'single # quoted',
      'has=equals',
      'commented # by hand',
      'commented',
      'in quotes',
      'es"cap\\ed\nby $',
      'first\nsecond',
    ]),
  );
  expect(secretValues(lines.slice(0, 2))).toEqual([]);
});

test('a value that is long and full of what separates parts is read as any other', () => {
  for (const part of ['a:b,c=d;', 'KEY=', 'key:', '://key=', '{"key":']) {
    const value = part.repeat(20_000);
    expect(secretValues([`API_KEYS=${value}`])).toContain(value);
  }
});
