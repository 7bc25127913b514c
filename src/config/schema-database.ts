import { pathInContainer } from './schema-common.js';
import { duration, flag, listOf, oneOf, onOrOff, orOff, section, text, wholeNumber } from './value-types.js';

const minute = 60_000;
const hour = 60 * minute;

const migrateCommand = listOf({
  about:
    'Command that runs the migrations, in the image of the release. With it, each deploy runs them on a copy of the database first.',
  item: text({ about: 'A word of it.', pattern: /^[^\0]+$/, expected: 'a word of a command', example: 'python' }),
  expected: 'a command as a list of words',
  example: '[python, -m, app.migrate]',
});

const rehearsal = section('How the migrations are run on a copy.', {
  timeout: duration({ about: 'How long they may take.', minMs: 1000, maxMs: 12 * hour, example: '10m' }).prefault(
    '10m',
  ),
  network: flag("Whether they get the project's network. Without it they have none.").prefault(false),
});

const filePattern = text({
  about: 'A pattern of paths.',
  pattern: /^[^/\s]\S*$/,
  expected:
    'a path relative to the directory of pointsman.yml, in which * stands for anything but / and ** for any directories',
  example: 'app/migrations/*.py',
});

const ruleName = text({
  about: 'A rule.',
  pattern: /^[a-z][a-z-]*$/,
  expected: 'the name of a rule',
  example: 'vacuum',
});

const migrations = section(
  'Migration files that are read before a deploy: one that commits in the middle of a batch cannot be rolled back.',
  {
    files: listOf({
      about: 'Which files: SQL (`.sql`) and Python (`.py`).',
      item: filePattern,
      expected: 'a list of patterns',
      example: '[app/migrations/*.py]',
    }),
    allow: listOf({
      about: 'Rules of docs/migrations.md that are not applied.',
      item: ruleName,
      expected: 'a list of rules',
      example: '[vacuum]',
    }).prefault([]),
  },
);

const method = text({
  about: 'A method.',
  pattern: /^[A-Z]+$/,
  expected: 'an HTTP method in upper case',
  example: 'POST',
});

const pathPrefix = (about: string, example: string) =>
  listOf({
    about,
    item: text({ about: 'A path.', pattern: /^\/[\w./~%@:+-]*$/, expected: 'a path that begins with /', example }),
    expected: 'a list of paths',
    example: `[${example}]`,
  });

export const holdWrites = section(
  'Writes are answered with 503 and Retry-After from before the backup until the switch is proven or the restore is done, so that a failed migration loses none. Reads are served. `true` takes the defaults.',
  {
    methods: listOf({
      about: 'Methods that write. A request that asks for another protocol, such as a WebSocket, is held too.',
      item: method,
      expected: 'a list of methods',
      example: '[POST, PUT, PATCH, DELETE]',
    }).prefault(['POST', 'PUT', 'PATCH', 'DELETE']),
    paths: pathPrefix('Beginnings of paths that write whatever the method.', '/cart/').prefault([]),
    except: pathPrefix('Beginnings of paths that are never held.', '/search').prefault([]),
    timeout: duration({
      about:
        'After this the deploy is undone. After twice as long, and `drain.timeout`, the router lets writes through again by itself.',
      minMs: 1000,
      maxMs: hour,
      example: '5m',
    }).prefault('5m'),
    retryAfter: duration({
      about: 'What `Retry-After` tells clients.',
      minMs: 1000,
      maxMs: hour,
      example: '10s',
    }).prefault('10s'),
  },
);

export const database = section('The SQLite database of the app. Without this key, the steps for it are not there.', {
  path: pathInContainer("Its file inside the slots' containers.", '/app/data/app.db'),
  volume: text({
    about: 'The Compose volume that holds it.',
    pattern: /^[a-zA-Z0-9][a-zA-Z0-9._-]*$/,
    expected: 'the name of a Compose volume',
    example: 'app-data',
  }),
  keepBackups: wholeNumber({
    about: 'Backups that stay after a successful deploy. The one that the rollback target needs stays in any case.',
    min: 1,
    max: 1000,
    example: 3,
  }).prefault(3),
  restore: oneOf(
    'When a failed deploy puts the backup back. `if-migrated`: only when the failed release changed the schema or the migration state; otherwise a restore would only lose writes of the live slot.',
    ['if-migrated', 'always', 'never'],
  ).prefault('if-migrated'),
  migrationTable: orOff(
    text({
      about: 'Table in which the migrations that were applied are listed; its rows belong to the migration state.',
      pattern: /^[A-Za-z_][A-Za-z0-9_]*$/,
      expected: 'the name of a table, or false',
      example: 'schema_migrations',
    }),
  ).prefault(false),
  backups: pathInContainer(
    'Directory of the backups, in the same volume.',
    '/app/data/backups',
    'beside the database',
  ).optional(),
  migrate: orOff(migrateCommand).prefault(false),
  rehearsal: rehearsal.prefault({}),
  migrations: orOff(migrations).prefault(false),
  holdWrites: onOrOff(holdWrites).prefault(false),
});
