import { describe, expect, test } from 'vitest';
import { error, warning } from '../../src/preflight/check.js';
import { replicaConfig } from '../../src/preflight/checks/replica-config.js';
import { replicaService } from '../../src/preflight/checks/replica-service.js';
import { replicaTarget } from '../../src/preflight/checks/replica.js';
import { isPlaceholder } from '../../src/preflight/replica/plausible.js';
import { lineOf, versionOfTag } from '../../src/preflight/replica/version.js';
import { settings } from '../support/settings.js';
import { fakeHost, litestreamConfig, services, withService, world } from './support.js';

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
    ['with a space after it', 'https://s3.example.org ', 'has white space or quotes in its value.'],
    ['in quotes', '"https://s3.example.org"', 'has white space or quotes in its value.'],
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

  test('a key and a secret that are the same are an error, as are spaces in one', async () => {
    const same = { LITESTREAM_R2_ACCESS_KEY_ID: 'canary-key', LITESTREAM_R2_SECRET_ACCESS_KEY: 'canary-key' };
    expect(await messages(same)).toEqual([
      'LITESTREAM_R2_ACCESS_KEY_ID and LITESTREAM_R2_SECRET_ACCESS_KEY have the same value.',
    ]);
    expect(await messages({ LITESTREAM_R2_ACCESS_KEY_ID: 'canary key' })).toEqual([
      'LITESTREAM_R2_ACCESS_KEY_ID has white space or quotes in its value.',
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

describe('the version', () => {
  test.each([
    ['litestream/litestream:0.5.18', '0.5.18', '0.5'],
    ['docker.io/litestream/litestream:0.5.18-scratch@sha256:00', '0.5.18', '0.5'],
    ['litestream/litestream:0.3.13', '0.3.13', '0.3'],
    ['litestream/litestream:0.3.9', '0.3.9', null],
    ['litestream/litestream:0.4.0-beta.2', '0.4.0-beta.2', null],
    ['litestream/litestream:0.5.0-beta1', '0.5.0-beta1', null],
  ])('of %s is %s', (image, version, line) => {
    expect(versionOfTag(image)).toBe(version);
    expect(lineOf(version)).toBe(line);
  });

  test('that pointsman does not know is refused by name', async () => {
    const old = withService('litestream', { ...litestream, image: 'litestream/litestream:0.4.0-beta.2' });
    expect(await replicaConfig.run(old)).toEqual([
      error('litestream runs Litestream 0.4.0-beta.2, which pointsman does not know.', 'Use 0.5, or 0.3.13 or later.'),
    ]);
  });

  test('that the tag does not tell is asked of the image', async () => {
    const asked: string[] = [];
    const host = fakeHost({
      docker: { getImage: () => ({ inspect: () => Promise.resolve({ Id: 'sha256:0' }) }) },
      commands: (words) => (asked.push(words), { stdout: 'v0.2.0\n' }),
    });
    const own = withService('litestream', { ...litestream, image: 'shop-litestream:latest' });
    expect(await replicaConfig.run({ ...own, host })).toEqual([
      error('litestream runs Litestream 0.2.0, which pointsman does not know.', 'Use 0.5, or 0.3.13 or later.'),
    ]);
    expect(asked).toEqual([
      'docker run --rm --pull never --network none --entrypoint litestream shop-litestream:latest version',
    ]);
  });
});

describe('the config', () => {
  function found(text: string, changed: object = {}) {
    const host = fakeHost({ files: { '/srv/shop/litestream.yml': text } });
    return replicaConfig.run({ ...withService('litestream', { ...litestream, ...changed }), host });
  }

  const two = litestreamConfig.replace(/replica: (.*)/, 'replicas: [$1, { path: /app/data/backups }]');
  const one = litestreamConfig.replace(/replica: (.*)/, 'replicas: [$1]');
  const old = { image: 'litestream/litestream:0.3.13' };

  test('with two replicas is refused for 0.5, with what to do instead, and fine for 0.3', async () => {
    expect(await found(two)).toEqual([
      error(
        '/etc/litestream.yml has 2 replicas of the database: Litestream 0.5.18 takes one and would not start.',
        'Keep the one off the host, such as R2, as "replica"; for the second copy set database.backups in pointsman.yml: its own verified backups.',
      ),
    ]);
    expect(await found(two, old)).toEqual([]);
  });

  test('with a list of one is a warning for 0.5', async () => {
    expect(await found(one)).toEqual([
      warning(
        '/etc/litestream.yml has a list of replicas, which Litestream 0.5 calls deprecated.',
        'Write its one entry as "replica".',
      ),
    ]);
  });

  test('with the key of 0.5 would replicate nothing under 0.3', async () => {
    expect(await found(litestreamConfig, old)).toEqual([
      error(
        '/etc/litestream.yml has the key "replica", which Litestream 0.3.13 ignores: nothing would be replicated.',
        'Write it as a list, "replicas", or use Litestream 0.5.',
      ),
    ]);
  });

  test('with keys of 0.3 that 0.5 ignores is a warning for each', async () => {
    const text = litestreamConfig.replace('path: shop', 'path: shop, retention: 72h, snapshot-interval: 1h');
    const fix = 'Write "snapshot: { interval: 24h, retention: 72h }" at the top of the file instead.';
    expect(await found(text)).toEqual([
      warning('/etc/litestream.yml has retention, a key of Litestream 0.3 that 0.5 silently ignores.', fix),
      warning('/etc/litestream.yml has snapshot-interval, a key of Litestream 0.3 that 0.5 silently ignores.', fix),
    ]);
  });

  test('for another database is an error; the volume may be mounted elsewhere', async () => {
    expect(await found(litestreamConfig.replace('/app/data/app.db', '/app/data/old.db'))).toEqual([
      error(
        '/etc/litestream.yml does not replicate the database: no entry under dbs has the path /app/data/app.db.',
        'Write that path, or set database.path in pointsman.yml: they must be the same file.',
      ),
    ]);
    const volumes = litestream.volumes.map((mount) => ({
      ...mount,
      target: mount.target.replace('/app/data', '/data'),
    }));
    expect(await found(litestreamConfig.replace('/app/data/app.db', '/data/app.db'), { volumes })).toEqual([]);
  });

  test('without the socket is a warning', async () => {
    expect(
      (await found(litestreamConfig.replace(/socket:.*/, ''))).map(({ severity, message }) => [severity, message]),
    ).toEqual([
      [
        'warning',
        "/etc/litestream.yml does not enable Litestream's socket: how far the replica is behind cannot be told.",
      ],
    ]);
  });

  test('into which a value with a $ is filled in is an error that names the variable alone', async () => {
    const text = litestreamConfig.replace('path: shop', 'path: shop, secret-access-key: "$SECRET"');
    const environment = { ...litestream.environment, SECRET: 'can$$ary' };
    const said = await found(text, { environment });
    expect(said.map(({ message }) => message)).toEqual([
      'The value of SECRET has a $, which Litestream mangles when it fills in its config.',
    ]);
    expect(JSON.stringify(said)).not.toMatch(/can\$|ary"/);
    expect(await found(text, { environment, command: ['replicate', '-no-expand-env'] })).toEqual([]);
  });

  test('that is no YAML is an error', async () => {
    expect(await found('dbs: [')).toEqual([
      error('/etc/litestream.yml is no YAML once its variables are filled in.', 'Mend it.'),
    ]);
  });

  test.each([
    ['10 s by default', undefined, litestreamConfig, 10, '35s'],
    ['too short a time', '20s', litestreamConfig, 20, '35s'],
    ['less than it was told to try', '1m', `${litestreamConfig}shutdown-sync-timeout: 90s\n`, 60, '92s'],
  ])('for which the service has %s to stop is a warning', async (_, stop_grace_period, text, given, needed) => {
    expect(await found(text, { stop_grace_period })).toEqual([
      warning(
        `litestream is killed ${given} s after it is asked to stop, and its last sync may take longer.`,
        `Set "stop_grace_period: ${needed}" on the service.`,
      ),
    ]);
  });

  test('that a script names is found through it', async () => {
    const files = {
      '/srv/shop/litestream/run.sh': 'exec litestream replicate -config "/conf/replica.yml"',
      '/srv/shop/litestream/replica.yml': two,
    };
    const volumes = [...litestream.volumes, { type: 'bind', source: '/srv/shop/litestream', target: '/conf' }];
    const facts = withService('litestream', { ...litestream, volumes, entrypoint: ['/bin/sh', '/conf/run.sh'] });
    const said = await replicaConfig.run({ ...facts, host: fakeHost({ files }) });
    expect(said.map(({ message }) => message)).toEqual([expect.stringContaining('/conf/replica.yml has 2 replicas')]);
  });
});
