import { describe, expect, test } from 'vitest';
import { error, warning } from '../../src/preflight/check.js';
import { databaseVolume } from '../../src/preflight/checks/database.js';
import { comesBack, disk, liveSlotRuns } from '../../src/preflight/checks/host.js';
import { replicaAnswers } from '../../src/preflight/checks/replica-answers.js';
import { replicaConfig } from '../../src/preflight/checks/replica-config.js';
import { replicaService } from '../../src/preflight/checks/replica-service.js';
import { replicaTarget, requiredVariables } from '../../src/preflight/checks/replica.js';
import { routerHealth, routerService } from '../../src/preflight/checks/router.js';
import { routerCanary, routerSnippets } from '../../src/preflight/checks/router-stages.js';
import { onlyOneSlotRuns, slotServices } from '../../src/preflight/checks/slots.js';
import { settings } from '../support/settings.js';
import { fakeHost, running, services, withService, world } from './support.js';

const blue = services['app-blue'];

test.each([
  slotServices,
  routerService,
  routerHealth,
  routerCanary,
  routerSnippets,
  databaseVolume,
  requiredVariables,
  replicaTarget,
  replicaService,
  replicaConfig,
  replicaAnswers,
  comesBack,
  liveSlotRuns,
  onlyOneSlotRuns,
])('$name has nothing to say about a project that is in order', async (check) => {
  expect(await check.run(world())).toEqual([]);
});

describe('slots', () => {
  const noHealthCheck = error(
    'The service app-blue has no health check.',
    'Add one: without it a slot counts as healthy as soon as it runs.',
  );

  test('a slot without a service is an error', () => {
    expect(slotServices.run(withService('app-green', null))).toEqual([
      error('The compose file has no service app-green for the slot green.', 'Add it, or set slots in pointsman.yml.'),
    ]);
  });

  test.each([
    ['no profile', []],
    ["the other slot's profile", ['green']],
  ])('a slot in %s is an error', (_, profiles) => {
    expect(slotServices.run(withService('app-blue', { ...blue, profiles }))).toEqual([
      error(
        'The service app-blue is not in the profile blue.',
        'Add "profiles: [blue]": else every "up" starts both slots.',
      ),
    ]);
  });

  test.each([
    ['disabled', { disable: true, test: ['CMD', 'true'] }],
    ['NONE', { test: ['NONE'] }],
    ['empty', {}],
  ])('a health check that is %s is none', (_, healthcheck) => {
    expect(slotServices.run(withService('app-blue', { ...blue, healthcheck }))).toEqual([noHealthCheck]);
  });

  test('all that is wrong with both slots is said at once', async () => {
    const bad = { image: 'shop:unreleased' };
    const config = { services: { ...services, 'app-blue': bad, 'app-green': bad } };
    const found = await slotServices.run(world({ config }));
    expect(found.map(({ message }) => message)).toEqual([
      'The service app-blue is not in the profile blue.',
      'The service app-blue has no health check.',
      'The service app-green is not in the profile green.',
      'The service app-green has no health check.',
    ]);
  });
});

describe('router', () => {
  const unmounted = error(
    'The router mounts nothing writable at /etc/nginx/conf.d.',
    'Add a volume there, for example "router-config:/etc/nginx/conf.d".',
  );

  test('a project without the router is an error', () => {
    expect(routerService.run(withService('router', null))).toEqual([
      error('The compose file has no router service router.', 'Add it, or set router.service in pointsman.yml.'),
    ]);
  });

  test('a router in a profile is an error', () => {
    expect(routerService.run(withService('router', { ...services.router, profiles: ['blue'] }))).toEqual([
      error('The router router is in a profile.', 'Remove it: the router must stay up whichever slot is live.'),
    ]);
  });

  test('a router that depends on slots is an error; on anything else it may depend', () => {
    const depends_on = { 'app-blue': {}, 'app-green': {}, litestream: {} };
    expect(routerService.run(withService('router', { ...services.router, depends_on }))).toEqual([
      error(
        'The router router depends on app-blue and app-green.',
        'Remove depends_on: a slot that is stopped must not matter to the router.',
      ),
    ]);
    const other = { ...services.router, depends_on: { litestream: {} } };
    expect(routerService.run(withService('router', other))).toEqual([]);
  });

  test('a single mounted file is an error that tells why', () => {
    const target = '/etc/nginx/conf.d/default.conf';
    const volumes = [{ type: 'bind', source: '/srv/shop/default.conf', target }];
    expect(routerService.run(withService('router', { ...services.router, volumes }))).toEqual([
      error(
        'The router mounts the single file /etc/nginx/conf.d/default.conf.',
        'Mount the directory /etc/nginx/conf.d: a mounted file stays the old one for ever after a rename.',
      ),
    ]);
  });

  test('a config directory that is not mounted, or only to be read, is an error', () => {
    const { volumes } = services.router;
    const readOnly = volumes.map((mount) => ({ ...mount, read_only: true }));
    expect(routerService.run(withService('router', { image: 'nginx:1.30' }))).toEqual([unmounted]);
    expect(routerService.run(withService('router', { ...services.router, volumes: readOnly }))).toEqual([unmounted]);
  });
});

describe('database', () => {
  test('a volume that is not declared is an error', () => {
    expect(databaseVolume.run(world({ config: { services } }))).toEqual([
      error(
        'The compose file has no volume app-data.',
        'Declare it under volumes, or set database.volume in pointsman.yml.',
      ),
    ]);
  });

  test.each([
    ['does not mount it', []],
    ['mounts it elsewhere', [{ type: 'volume', source: 'app-data', target: '/app/dat' }]],
    ['mounts another one there', [{ type: 'volume', source: 'cache', target: '/app/data' }]],
  ])('a slot that %s is an error', (_, volumes) => {
    expect(databaseVolume.run(withService('app-blue', { ...blue, volumes }))).toEqual([
      error('app-blue does not mount app-data above /app/data/app.db.', 'Mount it at /app/data.'),
    ]);
  });

  test('backups on another mount than the database are an error', () => {
    const database = { path: '/app/data/app.db', volume: 'app-data', keepBackups: 3, restore: 'if-migrated' } as const;
    const at = (backups: string) =>
      databaseVolume.run({
        ...world(),
        settings: { ...settings, database: { ...database, migrationTable: null, backups } },
      });
    expect(at('/app/data/backups')).toEqual([]);
    expect(at('/backups')).toContainEqual(
      error(
        'app-blue mounts app-data at /app/data, and /backups (database.backups) is not in there.',
        'Set database.backups to a directory in /app/data.',
      ),
    );
  });

  test('an app without a database needs no volume', () => {
    expect(databaseVolume.run(world({ config: { services }, settings: { ...settings, database: null } }))).toEqual([]);
  });
});

describe('variables', () => {
  test.each([
    ['missing', new Map<string, string>()],
    ['empty', new Map([['LITESTREAM_R2_BUCKET', '']])],
  ])('a required variable that is %s is an error', (_, variables) => {
    expect(requiredVariables.run(world({ variables }))).toEqual([
      error('LITESTREAM_R2_BUCKET has no value in .env.', 'Set it: the replica cannot work without it.'),
    ]);
  });

  test('without a replica nothing is required', () => {
    const found = requiredVariables.run(world({ settings: { ...settings, replica: null }, variables: new Map() }));
    expect(found).toEqual([]);
  });
});

describe('disk', () => {
  const docker = { info: () => Promise.resolve({ DockerRootDir: '/var/lib/docker' }) };

  function found(freeBytes: () => Promise<number>) {
    return disk.run(world({ host: fakeHost({ docker, freeBytes }) }));
  }

  test('one GiB is enough', async () => {
    expect(await found(() => Promise.resolve(1024 ** 3))).toEqual([]);
  });

  test('less is an error that says how much is left', async () => {
    expect(await found(() => Promise.resolve(300 * 1024 ** 2))).toEqual([
      error('Only 300 MiB are free in /var/lib/docker.', 'Free at least 1 GiB: docker image prune.'),
    ]);
  });

  test('where it cannot be read, that is a warning', async () => {
    expect(await found(() => Promise.reject(new Error('EACCES')))).toEqual([
      warning(
        'The free space of /var/lib/docker cannot be read.',
        'Make sure that there is room for an image and a backup.',
      ),
    ]);
  });
});

describe('what runs', () => {
  const live = { slot: 'blue', release: 'v1' } as const;

  test.each([
    ['has no container', null],
    ['is stopped', { ...running, running: false }],
  ])('a live slot that %s is a warning, for a deploy mends it', (_, state) => {
    expect(liveSlotRuns.run(world({ live, slots: { blue: state, green: null } }))).toEqual([
      warning(
        'The router serves blue, but app-blue does not run: users get errors now.',
        'This deploy brings a slot up; look at its logs meanwhile.',
      ),
    ]);
  });

  test('an idle slot that runs is a warning', () => {
    expect(onlyOneSlotRuns.run(world({ live, slots: { blue: running, green: running } }))).toEqual([
      warning('app-green runs though the router serves blue.', 'It will be replaced by the new release.'),
    ]);
  });

  test('a live slot that runs alone is in order', () => {
    const facts = world({ live, slots: { blue: running, green: { ...running, running: false } } });
    expect([liveSlotRuns.run(facts), onlyOneSlotRuns.run(facts)]).toEqual([[], []]);
  });

  test('all that would stay down after a crash of Docker is named at once; what belongs to another profile is not', () => {
    const unless = (service: object) => ({ ...service, restart: 'unless-stopped' });
    const config = {
      services: {
        'app-blue': unless(services['app-blue']),
        'app-green': { ...services['app-green'], restart: 'always' },
        router: unless(services.router),
        tools: { ...unless({}), profiles: ['tools'] },
      },
    };
    expect(comesBack.run(world({ config }))).toEqual([
      warning(
        'app-blue, router: with "restart: unless-stopped" what runs when the Docker daemon crashes stays down after it.',
        'Set "restart: always": a slot that pointsman stops stays stopped all the same.',
      ),
    ]);
  });
});
