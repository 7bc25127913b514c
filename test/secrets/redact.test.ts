import { describe, expect, test } from 'vitest';
import { createRedactor, looksSecret, secretValues } from '../../src/secrets/redact.js';

const canary = 'canary+/=é"\\ value';

describe('a secret that is known', () => {
  const redact = createRedactor([canary]);

  test.each([
    ['as it is', canary],
    ['in a URL', encodeURIComponent(canary)],
    ['in JSON', JSON.stringify(canary).slice(1, -1)],
    ['in base64', Buffer.from(canary).toString('base64')],
  ])('is not seen %s', (_, form) => {
    expect(redact(`first ${form}, again ${form}.`)).toBe('first [redacted], again [redacted].');
  });

  test('is not seen where an app prints its whole environment as JSON', () => {
    const printed = JSON.stringify({ STRIPE_KEY: canary, PORT: '8000' });
    expect(redact(printed)).toBe('{"STRIPE_KEY":"[redacted]","PORT":"8000"}');
  });

  test('is replaced whole, also where another secret is a part of it', () => {
    expect(createRedactor(['canary', 'canary-and-more'])('canary-and-more')).toBe('[redacted]');
  });

  test('of several lines is seen neither at once nor line by line', () => {
    const key = '-----BEGIN KEY-----\r\nfirst-line\r\nsecond-line\r\n';
    const redactKey = createRedactor([key]);
    expect([redactKey(`key: ${key}`), redactKey('> second-line')]).toEqual(['key: [redacted]', '> [redacted]']);
  });

  test('may contain what means something in a pattern', () => {
    expect(createRedactor(['a.c*($&)'])('a.c*($&) abc*($&)')).toBe('[redacted] abc*($&)');
  });

  test('is left where it is too short to be told from an ordinary word', () => {
    expect(createRedactor(['', 'on', 'false'])('turned on: false')).toBe('turned on: false');
  });
});

test.each([
  ['postgres://shop:hunter2@db:5432/shop', 'postgres://shop:[redacted]@db:5432/shop'],
  ['redis://:hunter2@cache/0', 'redis://:[redacted]@cache/0'],
  ['Authorization: Bearer hunter2', 'Authorization: Bearer [redacted]'],
  ['{"authorization":"Basic aHVudGVyMg=="}', '{"authorization":"Basic [redacted]"}'],
  [
    'authorization: AWS4-HMAC-SHA256 Credential=hunter2, Signature',
    'authorization: AWS4-HMAC-SHA256 [redacted] Signature',
  ],
])('credentials that nobody told of are not seen either: %s', (text, redacted) => {
  expect(createRedactor([])(text)).toBe(redacted);
});

test.each(['GET http://app:8000/notes/@ada HTTP/1.1', 'mail to ada@example.org: sent', 'authorization: denied'])(
  'a line without credentials stays as it is: %s',
  (line) => {
    expect(createRedactor([])(line)).toBe(line);
  },
);

test.each([
  'STRIPE_KEY',
  'AWS_SECRET_ACCESS_KEY',
  'DB_PASSWORD',
  'SMTP_PASSWD',
  'github_token',
  'GOOGLE_CREDENTIALS',
  'SENTRY_DSN',
  'TLS_PRIVATE',
])('%s is taken for a secret', (name) => {
  expect(looksSecret(name)).toBe(true);
});

test.each(['PATH', 'PORT', 'RELEASE', 'HOSTNAME', 'DATABASE_PATH'])('%s is not taken for a secret', (name) => {
  expect(looksSecret(name)).toBe(false);
});

test('secrets are found in every way in which an env file or a container has them', () => {
  const lines = [
    '# API_KEY=comment',
    'PORT=8000',
    'API_KEY=plain',
    'export A_TOKEN = "double quoted"',
    "B_TOKEN='single # quoted'",
    'C_TOKEN=has=equals',
    'D_TOKEN=commented # by hand',
    'PRIVATE_KEY=first\nsecond',
    'not a variable',
  ];
  expect(secretValues(lines)).toEqual(
    expect.arrayContaining([
      'plain',
      'double quoted',
      'single # quoted',
      'has=equals',
      'commented # by hand',
      'commented',
      'first\nsecond',
    ]),
  );
  expect(secretValues(lines.slice(0, 2))).toEqual([]);
});
