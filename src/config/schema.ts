import { z } from 'zod';
import { defaults } from './defaults.js';
import * as value from './values.js';

/**
 * `pointsman.yml` as a person writes it. Descriptions, examples and defaults are read by the JSON Schema, by
 * `docs/configuration.md` and by the messages about what is wrong, so each is written once, here.
 */

const slots = section({
  blue: value.serviceName.optional().meta({
    description: 'Compose service of the blue slot; it must be in a profile of the same name.',
    default: defaults.slots.blue,
    examples: ['app-blue'],
  }),
  green: value.serviceName.optional().meta({
    description: 'Compose service of the green slot; it must be in a profile of the same name.',
    default: defaults.slots.green,
    examples: ['app-green'],
  }),
});

const health = section({
  timeout: value.duration.optional().meta({
    description: 'How long the new slot may take to become healthy before the deploy fails and is undone.',
    default: defaults.health.timeout,
    examples: ['120s'],
  }),
  path: value.urlPath.optional().meta({
    description: 'Path that the new slot is asked on, directly and through the router.',
    default: defaults.health.path,
    examples: ['/healthz'],
  }),
  releaseHeader: value.headerName
    .nullable()
    .optional()
    .meta({
      description:
        'Response header in which the app reports its release; with it, a slot that answers as another release fails the deploy.',
      default: defaults.health.releaseHeader,
      examples: ['X-Release'],
    }),
});

const router = section({
  service: value.serviceName.optional().meta({
    description: 'Compose service of nginx. It has no profile and is never stopped.',
    default: defaults.router.service,
    examples: ['router'],
  }),
  port: value.port.optional().meta({
    description: 'Port on which the router listens inside its container.',
    default: defaults.router.port,
    examples: [5000],
  }),
  upstreamPort: value.port.optional().meta({
    description: 'Port on which the slots listen inside their containers.',
    default: defaults.router.upstreamPort,
    examples: [8000],
  }),
  configDirectory: value.absolutePath.optional().meta({
    description:
      "Directory in the router's container from which nginx includes `*.conf`. Mount a volume or directory there, never a single file.",
    default: defaults.router.configDirectory,
    examples: ['/etc/nginx/conf.d'],
  }),
});

const database = section({
  path: value.absolutePath.meta({
    description: "Absolute path of the SQLite file inside the slots' containers.",
    examples: ['/app/data/app.db'],
  }),
  volume: value.volumeName.meta({
    description: 'Compose volume that holds the SQLite file; both slots mount it.',
    examples: ['app-data'],
  }),
  keepBackups: value
    .wholeNumber(1, 1000)
    .optional()
    .meta({
      description: 'How many pre-deploy backups to keep.',
      default: defaults.database.keepBackups,
      examples: [3],
    }),
  restore: z
    .enum(['if-migrated', 'always', 'never'], { error: 'must be if-migrated, always or never' })
    .optional()
    .meta({
      description:
        'When a failed deploy puts the database back: only if the new release changed its schema or migration state, always, or never.',
      default: defaults.database.restore,
      examples: ['if-migrated'],
    }),
  migrationTable: value.tableName
    .nullable()
    .optional()
    .meta({
      description:
        "Table in which the app's migration runner keeps what it has applied; part of what tells whether a release migrated.",
      default: defaults.database.migrationTable,
      examples: ['schema_migrations'],
    }),
});

const replica = section({
  service: value.serviceName.optional().meta({
    description: 'Compose service of Litestream. It has no profile and is never stopped.',
    default: defaults.replica.service,
    examples: ['litestream'],
  }),
  requireEnv: list(value.variableName)
    .optional()
    .meta({
      description: 'Names of the variables that must have a value before a deploy may start.',
      default: [...defaults.replica.requireEnv],
      examples: [['LITESTREAM_R2_BUCKET']],
    }),
});

const drain = section({
  timeout: value.duration.optional().meta({
    description: 'How long requests in flight on the old slot may take to end after the switch.',
    default: defaults.drain.timeout,
    examples: ['30s'],
  }),
});

const logs = section({
  app: logLines('the failed slot', defaults.logs.app),
  router: logLines('the router', defaults.logs.router),
  litestream: logLines('Litestream', defaults.logs.litestream),
});

/** What an environment may say differently; what it does not say it takes from the top of the file. */
const overridable = {
  compose: z
    .union([value.text, list(value.text).min(1, { error: 'must name at least one file' })], {
      error: 'must be a file name or a list of file names',
    })
    .optional()
    .meta({
      description:
        'Compose file, or files in the order in which Compose merges them. Left out: the first that exists of compose.yaml, compose.yml and docker-compose.yml.',
      examples: ['compose.yml', ['compose.yml', 'compose.production.yml']],
    }),
  envFile: value.text
    .nullable()
    .optional()
    .meta({
      description: "File with the app's variables; null for none. Left out: .env, if it exists.",
      examples: ['.env'],
    }),
  build: value.flag.optional().meta({
    description:
      "Build the slot's image on the host with docker compose build when it is not there, instead of pulling it.",
    default: defaults.build,
    examples: [true],
  }),
  health: health.optional().meta({ description: 'When a new slot counts as healthy.' }),
  router: router.optional().meta({ description: 'The nginx service that all requests go through.' }),
  drain: drain.optional().meta({ description: 'The end of the old slot.' }),
  replica: replica.nullable().optional().meta({
    description: 'Litestream, which replicates the database. Left out or null: there is none.',
  }),
};

const project = value.projectName.meta({
  description: 'Name of the Compose project. With the environment it is the lock: one deploy at a time.',
  examples: ['shop'],
});

const image = value.releaseImage.meta({
  description: 'Image of a release; {release} stands for the release that is deployed.',
  examples: ['registry.example.org/shop:{release}'],
});

const environment = section({ project: project.optional(), image: image.optional(), ...overridable });

export const fileSchema = section({
  project,
  image,
  ...overridable,
  slots: slots.optional().meta({ description: 'The two places where a release can run.' }),
  database: database.optional().meta({
    description:
      'The SQLite database that is backed up before every deploy. Left out: the app has none, and the database steps are left out.',
  }),
  logs: logs.optional().meta({ description: 'How much of each log a failed deploy shows.' }),
  toolImage: value.imageReference.optional().meta({
    description: 'Image with Python 3 in which the database tool runs, so that the host needs no sqlite3.',
    default: defaults.toolImage,
    examples: [defaults.toolImage],
  }),
  environments: z
    .record(value.projectName, environment.nullable(), { error: 'must be a map' })
    .optional()
    .meta({
      description:
        'Environments by name, each with what it says differently. Left out: one, named production. To run two on one machine, give each a project of its own.',
      examples: [{ production: {}, staging: { project: 'shop-staging' } }],
    }),
});

/** `pointsman.yml` as written and accepted, before defaults. */
export type ConfigFile = z.infer<typeof fileSchema>;
export type EnvironmentOverrides = z.infer<typeof environment>;

function section<S extends z.core.$ZodLooseShape>(shape: S) {
  return z.strictObject(shape, { error: 'must be a map' });
}

function list<T extends z.ZodType>(item: T) {
  return z.array(item, { error: 'must be a list' });
}

function logLines(of: string, lines: number) {
  return value
    .wholeNumber(0, 10_000)
    .optional()
    .meta({
      description: `How many of the last lines of ${of} to show.`,
      default: lines,
      examples: [lines],
    });
}
