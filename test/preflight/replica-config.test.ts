import { describe, expect, test } from 'vitest';
import { error, warning } from '../../src/preflight/check.js';
import { replicaConfig } from '../../src/preflight/checks/replica-config.js';
import { lineOf, versionOfTag } from '../../src/preflight/replica/version.js';
import { fakeHost, litestreamConfig, services, withService } from './support.js';

const { litestream } = services;

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
    [undefined, '', 10, '35s'],
    ['20s', '', 20, '35s'],
    ['1m', 'shutdown-sync-timeout: 90s', 60, '92s'],
  ])('for which the service has %s to stop, told %o, is a warning', async (stop_grace_period, told, given, needed) => {
    expect(await found(`${litestreamConfig}${told}\n`, { stop_grace_period })).toEqual([
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
