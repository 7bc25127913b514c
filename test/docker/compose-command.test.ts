import { describe, expect, test } from 'vitest';
import * as commands from '../../src/docker/compose-command.js';
import { parseSlotsEnv, renderSlotsEnv } from '../../src/docker/slots-env.js';

const project = {
  project: 'shop',
  directory: '/srv/shop',
  composeFiles: ['/srv/shop/compose.yml'],
  envFiles: ['/srv/shop/.env', '/state/slots.env'],
  lockFile: '/state/compose.lock',
};
const compose =
  'docker compose --progress plain --project-name shop --project-directory /srv/shop --file /srv/shop/compose.yml ' +
  '--env-file /srv/shop/.env --env-file /state/slots.env';

describe('Compose is asked', () => {
  test.each([
    ['for the whole project', commands.configCommand(project), `${compose} --profile * config --format json`],
    ['to create the router', commands.createCommand(project, 'router'), `${compose} create --no-recreate router`],
    [
      'to start what is absent, never to recreate it',
      commands.ensureCommand(project, ['router', 'litestream'], 60_000),
      `${compose} up -d --no-deps --no-recreate --wait --wait-timeout 60 router litestream`,
    ],
    [
      'to start a slot by name, without --profile',
      commands.upCommand(project, 'app-green', 90_500),
      `${compose} up -d --no-deps --pull never --no-build --wait --wait-timeout 91 app-green`,
    ],
    ['to stop a slot by name', commands.stopCommand(project, ['app-blue']), `${compose} stop app-blue`],
    ['to build', commands.buildCommand(project, 'app-blue'), `${compose} build app-blue`],
  ])('%s', (_, command, literal) => {
    expect(command.argv.join(' ')).toBe(literal);
    expect(command.cwd).toBe('/srv/shop');
  });
});

test('each slot keeps its own image in the env file', () => {
  const images = { blue: { image: 'shop:v1', release: 'v1' }, green: { image: 'shop:v2', release: 'v2' } };
  const text = renderSlotsEnv(images);
  expect(text).toBe(
    '# Written by pointsman: the image of each slot.\nBLUE_IMAGE=shop:v1\nBLUE_RELEASE=v1\nGREEN_IMAGE=shop:v2\nGREEN_RELEASE=v2\n',
  );
  expect(parseSlotsEnv(text)).toEqual(images);
  expect(parseSlotsEnv('')).toEqual({});
});
