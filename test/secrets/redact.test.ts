import { describe, expect, test } from 'vitest';
import { createRedactor, redactLines } from '../../src/secrets/redact.js';
import { everyForm } from './forms.js';

const canary = 'canary+/=é"\\ \'v$lue&<😀>';

describe('a secret that is known', () => {
  const redact = createRedactor([canary]);

  test.each(everyForm(canary))('is not seen %s', (_, form) => {
    expect(redact(`first ${form}, again ${form}.`)).toBe('first [redacted], again [redacted].');
  });

  test('is not seen in base64 with something before and after it', () => {
    for (const user of ['', 'a', 'ab', 'abc', 'abcd']) {
      for (const rest of ['', '!', '!!', '!!!']) {
        const printed = Buffer.from(`${user}:${canary}${rest}`).toString('base64');
        expect(redact(printed)).toMatch(/^[\w+/]{0,6}\[redacted\][\w+/]{0,4}={0,2}$/);
      }
    }
  });

  test('is not seen where an app prints its whole environment as JSON', () => {
    const printed = JSON.stringify({ STRIPE_KEY: canary, PORT: '8000' });
    expect(redact(printed)).toBe('{"STRIPE_KEY":"[redacted]","PORT":"8000"}');
  });

  test('is not seen where one form lies within another', () => {
    const body = JSON.stringify({ key: canary });
    expect(redact(JSON.stringify({ body }))).toBe(String.raw`{"body":"{\"key\":\"[redacted]\"}"}`);
    expect(redact(`?next=${encodeURIComponent(encodeURIComponent(canary))}&page=1`)).toBe('?next=[redacted]&page=1');
    const wrapped = Buffer.from(canary).toString('base64').replace(/.{8}/g, '$&\n');
    expect(redact(JSON.stringify({ wrapped }))).toBe('{"wrapped":"[redacted]"}');
  });

  test('is replaced whole, also where another secret is a part of it', () => {
    expect(createRedactor(['canary', 'canary-and-more'])('canary-and-more')).toBe('[redacted]');
    expect(createRedactor(['canary-and', 'and-more'])('canary-and-more')).toBe('[redacted]');
  });

  test('of several lines is seen neither at once nor line by line', () => {
    const key = '-----BEGIN KEY-----\r\nfirst-line\r\nsecond-line\r\nend\r\n';
    const redactKey = createRedactor([key]);
    expect([redactKey(`key: ${key}`), redactKey('> second-line')]).toEqual(['key: [redacted]', '> [redacted]']);
    expect(redactKey(`key: ${key.replaceAll('\r\n', '\n    ')}`)).toBe('key: [redacted]\n    ');
    expect(redactKey(`key: ${key.replaceAll('\r\n', ' ')}`)).toBe('key: [redacted] ');
  });

  test('may contain what means something in a pattern', () => {
    expect(createRedactor(['a.c*($&)'])('a.c*($&) abc*($&)')).toBe('[redacted] abc*($&)');
  });

  test('is left where it is too short to be told from an ordinary word', () => {
    expect(createRedactor(['', 'on', 'false'])('turned on: false')).toBe('turned on: false');
  });
});

describe('of the lines of an output', () => {
  const redact = createRedactor(['canary-4711 and more']);

  test.each([
    ['anywhere', ['key: canary-4', '711 and more.']],
    ['between words', ['key: canary-4711', 'and more.']],
    ['and indented', ['key: canary-4', '   711 and more.']],
  ])('a value that is broken %s is not seen', (_, lines) => {
    expect(redactLines(redact, ['one', ...lines, 'two'])).toEqual(['one', 'key: [redacted].', 'two']);
  });

  test('the others stay as they are', () => {
    expect(redactLines(redact, ['', ' canary', '', 'and more'])).toEqual(['', ' canary', '', 'and more']);
    expect(redactLines(redact, [])).toEqual([]);
  });
});

test.each([
  ['postgres://shop:hunter2@db:5432/shop', 'postgres://shop:[redacted]@db:5432/shop'],
  ['postgres://shop:hun@ter2@db:5432/shop', 'postgres://shop:[redacted]@db:5432/shop'],
  ['redis://:hunter2@cache/0', 'redis://:[redacted]@cache/0'],
  ['https://hunter2@sentry.example.org/4', 'https://[redacted]@sentry.example.org/4'],
  ['Authorization: Bearer hunter2', 'Authorization: Bearer [redacted]'],
  ['Authorization: hunter2', 'Authorization: [redacted]'],
  ['Authorization: Bearer sesame', 'Authorization: Bearer [redacted]'],
  ['Proxy-Authorization: Basic aHVudGVyMg==', 'Proxy-Authorization: Basic [redacted]'],
  ['{"authorization":"Basic aHVudGVyMg=="}', '{"authorization":"Basic [redacted]"}'],
  [String.raw`"{\"authorization\": \"hunter2\"}"`, String.raw`"{\"authorization\": \"[redacted]"}"`],
  ["[(b'authorization', b'Bearer hunter2')]", "[(b'authorization', b'Bearer [redacted]')]"],
  ['map[Authorization:[Bearer hunter2]]', 'map[Authorization:[Bearer [redacted]'],
  ['Authorization: Digest username="ada", response="hunter2" end', 'Authorization: Digest [redacted] end'],
  [
    'authorization: AWS4-HMAC-SHA256 Credential=hunter2, Signature',
    'authorization: AWS4-HMAC-SHA256 [redacted] Signature',
  ],
  [
    'authorization: AWS4-HMAC-SHA256 Credential=hunter2, SignedHeaders=host;date, Signature=4711',
    'authorization: AWS4-HMAC-SHA256 [redacted]',
  ],
  ['Cookie: session=hunter2; theme=dark', 'Cookie: [redacted]'],
  ['Set-Cookie: session=hunter2; Path=/; HttpOnly', 'Set-Cookie: [redacted]'],
  ["{'cookie': 'session=hunter2', 'host': 'app'}", "{'cookie': '[redacted]', 'host': 'app'}"],
  ['X-Api-Key: hunter2', 'X-Api-Key: [redacted]'],
  ["{'x-auth-token': 'hunter2', 'host': 'app'}", "{'x-auth-token': '[redacted]', 'host': 'app'}"],
  ['curl -H "Api-Key: hunter2" http://app', 'curl -H "Api-Key: [redacted]" http://app'],
])('credentials that nobody told of are not seen either: %s', (text, redacted) => {
  expect(createRedactor([])(text)).toBe(redacted);
});

test.each([
  'GET http://app:8000/notes/@ada HTTP/1.1',
  'GET http://app:8000?to=ada@example.org HTTP/1.1',
  'mail to ada@example.org: sent',
  'authorization: denied',
  'authorization: denied for all.',
  'the cookie: missing, a cookie was set',
  'x-request-id: 4711, x-release: v2',
])('a line without credentials stays as it is: %s', (line) => {
  expect(createRedactor([])(line)).toBe(line);
});
