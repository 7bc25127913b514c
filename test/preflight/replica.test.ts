import { describe, expect, test } from 'vitest';
import { error } from '../../src/preflight/check.js';
import { replicaService } from '../../src/preflight/checks/replica-service.js';
import { replicaTarget } from '../../src/preflight/checks/replica.js';
import { isPlaceholder } from '../../src/preflight/replica/plausible.js';
import { settings } from '../support/settings.js';
import { services, withService, world } from './support.js';

const names = ['ENDPOINT', 'BUCKET', 'ACCESS_KEY_ID', 'SECRET_ACCESS_KEY'].map((end) => `LITESTREAM_R2_${end}`);
const withReplica = { ...settings, replica: { service: 'litestream', requireEnv: names } };
const account = '0123456789abcdef0123456789abcdef';
const { litestream } = services;

describe('the variables', () => {
  function found(variables: Record<string, string>) {
    return replicaTarget.run(world({ settings: withReplica, variables: new Map(Object.entries(variables)) }));
  }

  async function messages(variables: Record<string, string>): Promise<string[]> {
    return (await found(variables)).map(({ message }) => message);
  }

  test.each(['s3://shop', 'Shop', 'ab', '-shop', 'shop/backups', 'ab'.repeat(32), 'shop..backups', '10.0.0.1'])(
    '%s is no bucket',
    (value) => {
      expect(found({ LITESTREAM_R2_BUCKET: value })).toEqual([
        error(
          'LITESTREAM_R2_BUCKET is no valid bucket name.',
          'Use 3 to 63 lower-case letters, digits, dots and hyphens, without a URL.',
        ),
      ]);
    },
  );

  test('a bucket of R2 has no dots', () => {
    const endpoint = `https://${account}.r2.cloudflarestorage.com`;
    expect(found({ LITESTREAM_R2_ENDPOINT: endpoint, LITESTREAM_R2_BUCKET: 'shop.backups' })).toEqual([
      error(
        'LITESTREAM_R2_BUCKET is no valid bucket name.',
        'Use 3 to 63 lower-case letters, digits and hyphens, without a URL.',
      ),
    ]);
  });

  test.each([
    ['without its scheme', `${account}.r2.cloudflarestorage.com`, 'is no URL.'],
    ['with another scheme', 's3://shop', 'is no URL.'],
    ['with the bucket in it', `https://${account}.r2.cloudflarestorage.com/shop`, 'has a path.'],
    ['with credentials', 'https://key:canary@s3.example.org', 'has credentials in it.'],
    ['with a query', 'https://s3.example.org?canary', 'has a query in it.'],
    ['with a space after it', 'https://s3.example.org ', 'has white space in its value, or quotes around it.'],
    ['in quotes', '"https://s3.example.org"', 'has white space in its value, or quotes around it.'],
    ['of the example', 'https://<account>.r2.cloudflarestorage.com', 'still has a placeholder as its value.'],
    ['of R2 without https', `http://${account}.r2.cloudflarestorage.com`, 'is an R2 endpoint without https.'],
    ['of R2 without an account', 'https://r2.cloudflarestorage.com', 'is no R2 endpoint, though it looks like one.'],
  ])('an endpoint %s is an error', async (_, value, what) => {
    const said = await messages({ LITESTREAM_R2_ENDPOINT: value });
    expect(said).toEqual([`LITESTREAM_R2_ENDPOINT ${what}`]);
  });

  test.each([
    [account.slice(1), 'has 31 digits, not 32'],
    ['shop', 'is not made of 32 hex digits'],
  ])('an endpoint of R2 with the account id %s is an error', async (id, what) => {
    expect(await messages({ LITESTREAM_R2_ENDPOINT: `https://${id}.r2.cloudflarestorage.com` })).toEqual([
      `The account id in LITESTREAM_R2_ENDPOINT ${what}.`,
    ]);
  });

  test.each([
    `https://${account}.r2.cloudflarestorage.com`,
    `https://${account}.eu.r2.cloudflarestorage.com/`,
    'https://s3.eu-central-1.amazonaws.com',
    'http://s3:9000',
  ])('%s is a good endpoint', (value) => {
    expect(found({ LITESTREAM_R2_ENDPOINT: value, LITESTREAM_R2_BUCKET: 'shop-backups-1' })).toEqual([]);
  });

  test('an endpoint that the app has for something else may have a path', () => {
    expect(found({ OTLP_ENDPOINT: 'http://collector:4318/v1/traces', UPLOADS_BUCKET: 's3://Uploads' })).toEqual([]);
  });

  test.each([
    'changeme',
    'CHANGE_ME',
    'xxx',
    'xxxxxxxx-xxxx',
    '<secret>',
    'your-access-key',
    'todo',
    '${SECRET}',
    '****',
  ])('%s is a placeholder', (value) => {
    expect(isPlaceholder(value)).toBe(true);
    expect(found({ LITESTREAM_R2_SECRET_ACCESS_KEY: value })).toHaveLength(1);
  });

  test.each(['demo-access-key', 'AKIAIOSFODNN7EXAMPLE', 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', account])(
    '%s is a plausible key',
    (value) => {
      expect(isPlaceholder(value)).toBe(false);
    },
  );

  test.each(["c4nary-$HOME-'quoted'-value", 'a"b', 'p`q'])(
    '%s is a plausible secret: a quote may be its own',
    async (value) => {
      expect(await messages({ LITESTREAM_R2_SECRET_ACCESS_KEY: value })).toEqual([]);
    },
  );

  test.each(["'quoted'", '"quoted', 'two words', 'at the end\n'])('%j is not', async (value) => {
    expect(await messages({ LITESTREAM_R2_SECRET_ACCESS_KEY: value })).toEqual([
      'LITESTREAM_R2_SECRET_ACCESS_KEY has white space in its value, or quotes around it.',
    ]);
  });

  test('a key and a secret that are the same are an error, as are spaces in one', async () => {
    const same = { LITESTREAM_R2_ACCESS_KEY_ID: 'canary-key', LITESTREAM_R2_SECRET_ACCESS_KEY: 'canary-key' };
    expect(await messages(same)).toEqual([
      'LITESTREAM_R2_ACCESS_KEY_ID and LITESTREAM_R2_SECRET_ACCESS_KEY have the same value.',
    ]);
    expect(await messages({ LITESTREAM_R2_ACCESS_KEY_ID: 'canary key' })).toEqual([
      'LITESTREAM_R2_ACCESS_KEY_ID has white space in its value, or quotes around it.',
    ]);
  });

  test('no message shows a value', async () => {
    const said = await found(Object.fromEntries(names.map((name) => [name, 'CANARY "value'])));
    expect(said.length).toBeGreaterThanOrEqual(4);
    expect(JSON.stringify(said)).not.toMatch(/canary/i);
  });
});

describe('the service', () => {
  test('that is not given a variable is told which line was forgotten', () => {
    expect(replicaService.run(withService('litestream', { ...litestream, environment: {} }))).toEqual([
      error(
        'litestream does not get the value of LITESTREAM_R2_BUCKET.',
        'Add what is missing to "environment" of litestream in the compose file, such as "LITESTREAM_R2_BUCKET: ${LITESTREAM_R2_BUCKET}".',
      ),
    ]);
  });

  test('may be given it under another name, with a $ as Compose writes it', () => {
    const facts = withService('litestream', { ...litestream, environment: { BUCKET: 'pa$$word' } });
    expect(replicaService.run({ ...facts, variables: new Map([['LITESTREAM_R2_BUCKET', 'pa$word']]) })).toEqual([]);
  });

  test('that cannot see the database is an error', () => {
    expect(replicaService.run(withService('litestream', { ...litestream, volumes: [] }))).toEqual([
      error(
        'litestream does not mount app-data: it cannot see the database.',
        'Mount it there as in the slots, without ":ro".',
      ),
    ]);
  });

  test.each([
    ['a slot', 'app-blue', { ...services['app-blue'], command: ['litestream', 'replicate', '-exec', 'python -m app'] }],
    ['a second service', 'backup', { ...litestream, command: ['replicate'] }],
  ])('is the only one to replicate: %s that does it too is an error', (_, name, service) => {
    expect(replicaService.run(withService(name, service))).toEqual([
      error(
        `${name} runs Litestream on app-data too: two at once ruin the replica.`,
        'Leave replication to litestream alone, never inside a slot.',
      ),
    ]);
  });

  test('may have another beside it that only restores', () => {
    const drill = { ...litestream, command: ['restore', '-o', '/tmp/app.db', '/app/data/app.db'] };
    expect(replicaService.run(withService('drill', drill))).toEqual([]);
  });

  test('with AWS_CA_BUNDLE would not start', () => {
    const environment = { ...litestream.environment, AWS_CA_BUNDLE: '/etc/ssl/own.pem' };
    expect(replicaService.run(withService('litestream', { ...litestream, environment }))).toEqual([
      error(
        'AWS_CA_BUNDLE is set for litestream: Litestream would not start with it.',
        'Remove it, and mount the certificate authority as SSL_CERT_FILE instead.',
      ),
    ]);
  });
});
