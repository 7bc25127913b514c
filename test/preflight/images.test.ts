import { describe, expect, test } from 'vitest';
import type { Host } from '../../src/hosts/host.js';
import { error } from '../../src/preflight/check.js';
import { images } from '../../src/preflight/checks/images.js';
import { settings } from '../support/settings.js';
import { fakeHost, services, withService, world, type Ending } from './support.js';

const release = 'registry.example.org/shop:v2';
const local = [release, settings.toolImage, 'nginx:1.30', 'litestream/litestream:0.5.18'];

/** A host that has some images, and a registry that answers about the others. */
function hostWith(
  present: readonly string[],
  registry: (words: string) => Ending = () => ({ exitCode: 1 }),
  files: Readonly<Record<string, string>> = {},
): Host {
  const inspect = (reference: string) =>
    present.includes(reference)
      ? Promise.resolve({ Id: `sha256:${reference}` })
      : Promise.reject(Object.assign(new Error('no such image'), { statusCode: 404 }));
  return fakeHost({
    docker: { getImage: (reference: string) => ({ inspect: () => inspect(reference) }) },
    commands: registry,
    files,
  });
}

const without = (gone: string) => local.filter((reference) => reference !== gone);

test('images that the host has are not looked up in a registry', async () => {
  const asked: string[] = [];
  const host = hostWith(local, (words) => (asked.push(words), {}));
  expect(await images.run(world({ host }))).toEqual([]);
  expect(asked).toEqual([]);
});

test('an image that only the registry has is good', async () => {
  const asked: string[] = [];
  const host = hostWith(without(release), (words) => (asked.push(words), {}));
  expect(await images.run(world({ host }))).toEqual([]);
  expect(asked).toEqual(['docker manifest inspect registry.example.org/shop:v2']);
});

test('a registry that the release brought credentials for is asked with them', async () => {
  const asked: string[] = [];
  const login = { [`${settings.directory}/.docker-login/config.json`]: '{}' };
  const host = hostWith(without(release), (words) => (asked.push(words), {}), login);
  expect(await images.run(world({ host }))).toEqual([]);
  expect(asked).toEqual([`docker --config ${settings.directory}/.docker-login manifest inspect ${release}`]);
});

describe('an image that is nowhere', () => {
  test.each([
    'no such manifest: registry.example.org/shop:v2',
    'manifest unknown: manifest unknown',
    'errors: denied: requested access to the resource is denied',
    'no such manifest: registry.example.org/lookup:v2',
  ])('is an error when the registry says "%s"', async (stderr) => {
    const host = hostWith(without(release), () => ({ exitCode: 1, stderr }));
    expect(await images.run(world({ host }))).toEqual([
      error(
        'The image registry.example.org/shop:v2 is neither on the host nor in its registry.',
        'Build and push it, check its tag, or log in to the registry.',
      ),
    ]);
  });

  test.each([
    ['cannot be found', { exitCode: 1, stderr: 'dial tcp: lookup registry.example.org on 10.0.0.2:53: no such host' }],
    ['refuses the connection', { exitCode: 1, stderr: 'dial tcp 127.0.0.1:443: connect: connection refused' }],
    ['is silent for 15 seconds', { exitCode: null, stderr: 'Command timed out after 15000 milliseconds' }],
  ])('is another error when the registry %s', async (_, ending) => {
    const host = hostWith(without(release), () => ending);
    expect(await images.run(world({ host }))).toEqual([
      error(
        'The image registry.example.org/shop:v2 is not on the host and its registry does not answer.',
        'Check the network and the registry’s name, or load the image.',
      ),
    ]);
  });
});

test('each missing image has a message of its own', async () => {
  const host = hostWith([], () => ({ exitCode: 1, stderr: 'manifest unknown' }));
  const found = await images.run(world({ host }));
  expect(found.map(({ message }) => message)).toEqual(
    local.map((reference) => `The image ${reference} is neither on the host nor in its registry.`),
  );
});

test("Litestream's tags have no v, and that is said without asking a registry", async () => {
  const facts = withService('litestream', { image: 'litestream/litestream:v0.5.8' });
  const host = hostWith(local);
  expect(await images.run({ ...facts, host })).toEqual([
    error(
      "The image litestream/litestream:v0.5.8 does not exist: Litestream's tags have no v.",
      'Use litestream/litestream:0.5.8.',
    ),
  ]);
});

test('what is built on the host, and what a profile leaves out, need not exist yet', async () => {
  const config = {
    services: {
      ...services,
      mailer: { image: 'shop-mailer', build: { context: '.' } },
      backup: { image: 'shop-backup', profiles: ['tools'] },
    },
  };
  const host = hostWith(without(release));
  expect(await images.run(world({ host, config, settings: { ...settings, build: true } }))).toEqual([]);
});
