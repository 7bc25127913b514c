import { z } from 'zod';
import { overridesOf } from './schema-walk.js';
import { pathInContainer, requiredVariable, service } from './schema-common.js';
import { database } from './schema-database.js';
import { postgres } from './schema-postgres.js';
import { replica } from './schema-replica.js';
import { approval, bake, canary, otherRouters, routerLimits } from './schema-switch.js';
import { duration, flag, orOff, port, section, text, valueWords, wholeNumber } from './value-types.js';

const hour = 3_600_000;

const file = (about: string, words: { example: string; otherwise?: string }) =>
  text({ about, pattern: /^[^/\s]\S*$/, expected: 'a path relative to the directory of pointsman.yml', ...words });

const image = (about: string, example: string) =>
  text({ about, pattern: /^[\w.:/@{}-]+$/, expected: 'an image reference', example });

const composeFile = file('A Compose file.', { example: 'compose.yml' });

const compose = z
  .union([composeFile, z.array(composeFile).min(1)])
  .meta({ description: 'The Compose file, or a list of them in the order in which Compose merges them.' })
  .register(valueWords, {
    expected: 'a path, or a list of paths',
    example: 'compose.yml',
    otherwise: 'the first there is of `compose.yaml`, `compose.yml`, `docker-compose.yaml`, `docker-compose.yml`',
  });

const slots = section('The Compose service of each slot. Each has a profile named after its slot: `blue`, `green`.', {
  blue: service('Service of the blue slot.', 'app-blue').prefault('app-blue'),
  green: service('Service of the green slot.', 'app-green').prefault('app-green'),
});

const health = section('When a release counts as healthy.', {
  timeout: duration({
    about: 'How long the new slot may take to become healthy.',
    minMs: 1000,
    maxMs: hour,
    example: '120s',
  }).prefault('120s'),
  path: text({
    about: 'Path that the new slot is probed on, first directly and then through the router.',
    pattern: /^\/[\w./~%&=?@!*:,+-]*$/,
    expected: 'a path that begins with /',
    example: '/healthz',
  }).prefault('/healthz'),
  releaseHeader: orOff(
    text({
      about:
        'Response header in which the app reports its release. With it, a deploy proves that the right one answers.',
      pattern: /^[A-Za-z0-9-]+$/,
      expected: 'the name of an HTTP header, or false',
      example: 'X-Release',
    }),
  ).prefault(false),
});

const router = section(
  'The nginx service in front of the slots. It has no profile, and what it serves is what is live.',
  {
    service: service('Its Compose service.', 'router').prefault('router'),
    port: port('Port on which nginx listens inside its container.', 5000).prefault(5000),
    upstreamPort: port('Port on which both slots listen inside theirs.', 8000).prefault(8000),
    configDirectory: pathInContainer(
      'Directory in its container from which nginx includes `*.conf`: a mounted directory, so that it outlives the container.',
      '/etc/nginx/conf.d',
    ).prefault('/etc/nginx/conf.d'),
    ...routerLimits,
    others: otherRouters,
  },
);

const logLines = (about: string, example: number) => wholeNumber({ about, min: 1, max: 1000, example });

const logs = section('How many of the last lines of each log a failed deploy shows, each under its own heading.', {
  app: logLines('Of the slot that failed.', 60).prefault(60),
  router: logLines('Of the router.', 10).prefault(10),
  litestream: logLines('Of Litestream.', 10).prefault(10),
});

const drain = section('What happens to requests in flight on the old slot after the switch.', {
  timeout: duration({
    about: 'How long they may take to end. What is left then is cut.',
    minMs: 1000,
    maxMs: hour,
    example: '30s',
  }).prefault('30s'),
});

const hosts = z
  .array(
    text({
      about: 'A machine.',
      pattern: /^ssh:\/\/[^\s/@]*@?[^\s/@]+$/,
      expected: 'an SSH address',
      example: 'ssh://deploy@shop.example.org',
    }),
  )
  .meta({
    description:
      'The machine that the app runs on, reached over SSH by the worker: `ssh://user@host:port`, or an alias of `~/.ssh/config`. With `?fingerprint=SHA256:…` its host key is pinned.',
  })
  .register(valueWords, {
    expected: 'a list of SSH addresses',
    example: '[ssh://deploy@shop.example.org]',
    otherwise: "the worker's own machine",
  })
  .prefault([]);

const ship = section('What reaches another machine as part of a deploy: a directory for each release.', {
  files: z
    .array(file('A file or directory.', { example: 'nginx' }))
    .meta({ description: 'Files and directories beside the Compose files. Nothing else is sent.' })
    .register(valueWords, {
      expected: 'a list of paths',
      example: '[litestream, nginx]',
      otherwise: 'what the Compose files mount, read or build from this directory',
    })
    .optional(),
  env: z
    .array(requiredVariable)
    .meta({
      description:
        "Variables of whoever deploys (a CI job) that become the app's `.env` on the host. Names only, never values.",
    })
    .register(valueWords, { expected: 'a list of variable names', example: '[LITESTREAM_R2_BUCKET]' })
    .prefault([]),
});

/** Every key that an environment can have; parsed, with defaults filled in and durations in milliseconds. */
export const keysSchema = z.strictObject({
  project: text({
    about: 'Name of the Compose project.',
    pattern: /^[a-z0-9][a-z0-9_-]{0,62}$/,
    expected: 'a Compose project name: lower-case letters, digits, - and _',
    example: 'shop',
  }),
  image: image(
    'Image of the app. `{release}` in its tag stands for the release, so that each release is an image of its own.',
    'registry.example.org/shop:{release}',
  ),
  build: flag('Build the image with `docker compose build` when it is not on the host.').prefault(false),
  compose: compose.optional(),
  envFile: orOff(
    file('File with the variables of the app, read by Compose.', {
      example: '.env',
      otherwise: '`.env`, if it is there',
    }),
  ).optional(),
  slots: slots.prefault({}),
  health: health.prefault({}),
  router: router.prefault({}),
  database: orOff(database).prefault(false),
  postgres: orOff(postgres).prefault(false),
  replica: orOff(replica).prefault(false),
  drain: drain.prefault({}),
  canary: canary.prefault(false),
  bake: bake.prefault(false),
  approval: approval.prefault('none'),
  logs: logs.prefault({}),
  hosts,
  ship: ship.prefault({}),
  toolImage: image(
    'Image with Python 3 in which the database tool runs, so that the host needs no sqlite3.',
    'python:3.11-slim-bookworm',
  ).prefault('python:3.11-slim-bookworm'),
});

export type Keys = z.output<typeof keysSchema>;

const environment = z.nullable(overridesOf(keysSchema));

const environmentName = text({
  about: 'Name of an environment.',
  pattern: /^[a-z0-9][a-z0-9-]{0,62}$/,
  expected: 'an environment name: lower-case letters, digits and -',
  example: 'production',
});

/** `pointsman.yml` as a whole. */
export const fileSchema = z.strictObject({
  ...keysSchema.shape,
  environments: z
    .record(environmentName, environment)
    .meta({ description: 'The environments, each with the keys in which it differs from the rest of the file.' })
    .register(valueWords, {
      expected: 'a map of environments',
      example: '{ production: {}, staging: { project: shop-staging } }',
      otherwise: 'one environment, `production`',
    })
    .optional(),
});
