import { describe, expect, test } from 'vitest';
import { attacks } from '../support/attacks.js';
import { compose, reportOn, smallest } from './support.js';

const about = (text: string) => reportOn({ 'pointsman.yml': text, 'compose.yml': compose });

test('a project without pointsman.yml is told how to get one', async () => {
  expect(await reportOn({})).toBe('pointsman.yml  is not there → run: pointsman init');
});

test.each([
  ['an empty file', '', 'pointsman.yml  is empty → remove it and run: pointsman init'],
  ['a file of comments', '# nothing\n', 'pointsman.yml  is empty → remove it and run: pointsman init'],
  ['a list', '- a\n', 'pointsman.yml:1:1  is not a map of keys → begin with a line such as project: shop'],
  ['a text', 'shop\n', 'pointsman.yml:1:1  is not a map of keys → begin with a line such as project: shop'],
  [
    'no required key',
    'build: true\n',
    `pointsman.yml:1:1  project: missing → add project: shop
pointsman.yml:1:1  image: missing → add image: registry.example.org/shop:{release}`,
  ],
  ['an unknown key', `${smallest}helth: {}\n`, 'pointsman.yml:3:1  helth: unknown key → did you mean health?'],
  [
    'an unknown key that is like no other',
    `${smallest}zzzzzzzz: 1\n`,
    'pointsman.yml:3:1  zzzzzzzz: unknown key → the keys here are project, image, build, compose, envFile, slots, health, router, database, postgres, replica, drain, canary, bake, approval, logs, hosts, ship, toolImage, environments',
  ],
  [
    'an unknown key in a section',
    `${smallest}router: { prot: 5000 }\n`,
    'pointsman.yml:3:11  router.prot: unknown key → did you mean port?',
  ],
  [
    'a key in the wrong place',
    `${smallest}upstreamPort: 8000\n`,
    'pointsman.yml:3:1  upstreamPort: unknown key → upstreamPort belongs under router',
  ],
  [
    'a section that is text',
    `${smallest}router: router\n`,
    'pointsman.yml:3:9  router: expected a map, found the text "router" → write it like { service, port, upstreamPort, configDirectory, maxBody, readTimeout, sendTimeout, upstreamIdle, snippets, others }',
  ],
  [
    'a section that is empty',
    `${smallest}health:\n`,
    'pointsman.yml:3:1  health: expected a map, found nothing → remove the key, or indent what belongs to it below it',
  ],
  [
    'a flag that is text',
    `${smallest}build: "yes"\n`,
    'pointsman.yml:3:8  build: expected true or false, found the text "yes" → write it like true',
  ],
  [
    'a port out of range',
    `${smallest}router: { port: 70000 }\n`,
    'pointsman.yml:3:17  router.port: expected a whole number from 1 to 65535, found 70000 → write it like 5000',
  ],
  [
    'a project name with a capital',
    'project: Shop\nimage: shop:{release}\n',
    'pointsman.yml:1:10  project: expected a Compose project name: lower-case letters, digits, - and _, found the text "Shop" → write it like shop',
  ],
  [
    'a project name that is a number',
    'project: 42\nimage: shop:{release}\n',
    'pointsman.yml:1:10  project: expected a Compose project name: lower-case letters, digits, - and _, found 42 → put it in quotes: "42"',
  ],
  [
    'an image without {release}',
    'project: shop\nimage: shop:latest\n',
    'pointsman.yml:2:8  image: no {release} in its tag, so every release would be the same image → write shop:{release}',
  ],
  [
    'a duration without a unit',
    `${smallest}drain:\n  timeout: 45\n`,
    'pointsman.yml:4:12  drain.timeout: durations need a unit → write 45s',
  ],
  [
    'a duration in words',
    `${smallest}drain:\n  timeout: a while\n`,
    'pointsman.yml:4:12  drain.timeout: expected a duration from 1s to 1h, found the text "a while" → write it like 30s',
  ],
  [
    'a relative path',
    `${smallest}database: { path: data/app.db, volume: app-data }\n`,
    'pointsman.yml:3:19  database.path: expected an absolute path, found the text "data/app.db" → write it like /app/data/app.db',
  ],
  [
    'half a database',
    `${smallest}database: { path: /app/data/app.db }\n`,
    'pointsman.yml:3:1  database.volume: missing → add volume: app-data',
  ],
  [
    'a restore rule that is none',
    `${smallest}database: { path: /a/b.db, volume: app-data, restore: sometimes }\n`,
    'pointsman.yml:3:55  database.restore: expected one of if-migrated, always, never, found the text "sometimes" → write it like if-migrated',
  ],
  [
    'a Compose file that is not there',
    `${smallest}compose: [compose.yml, other.yml]\n`,
    'pointsman.yml:3:24  compose[1]: there is no file other.yml → name a Compose file that exists',
  ],
  [
    'an env file that is not there',
    `${smallest}envFile: .env.production\n`,
    'pointsman.yml:3:10  envFile: there is no file .env.production → make it, or write envFile: false for none',
  ],
  [
    'two slots on one service',
    `${smallest}slots:\n  green: app-blue\n`,
    'pointsman.yml:4:10  slots.green: both slots are on the service app-blue: a deploy would replace the release that is live → give each slot a service of its own',
  ],
  [
    'a router that is a slot',
    `${smallest}router: { service: app-blue }\n`,
    'pointsman.yml:3:20  router.service: app-blue is a slot too: it would be stopped after a deploy → name another service, or another slot',
  ],
  [
    'a migrate command that is no list',
    `${smallest}database: { path: /app/data/app.db, volume: app-data, migrate: python -m app.migrate }\n`,
    'pointsman.yml:3:64  database.migrate: expected a command as a list of words, found the text "python -m app.migrate" → write it like [python, -m, app.migrate]',
  ],
  [
    'a write hold with a method in lower case',
    `${smallest}database: { path: /app/data/app.db, volume: app-data, holdWrites: { methods: [post] } }\n`,
    'pointsman.yml:3:79  database.holdWrites.methods[0]: expected an HTTP method in upper case, found the text "post" → write it like POST',
  ],
  [
    'a write hold that would refuse reads',
    `${smallest}database:
  path: /app/data/app.db
  volume: app-data
  holdWrites: { methods: [POST, GET] }
`,
    'pointsman.yml:6:33  database.holdWrites.methods[1]: GET is how users read: nobody would be served while a release is started → name the paths that write under holdWrites.paths',
  ],
  [
    'a write hold that excepts everything',
    `${smallest}database:
  path: /app/data/app.db
  volume: app-data
  holdWrites: { except: [/] }
`,
    'pointsman.yml:6:26  database.holdWrites.except[0]: every path begins with /, so no write would be held → name the paths that never write',
  ],
  [
    'a write hold of nothing',
    `${smallest}database:
  path: /app/data/app.db
  volume: app-data
  holdWrites: { methods: [] }
`,
    'pointsman.yml:6:26  database.holdWrites.methods: neither a method nor a path is held → remove the key for POST, PUT, PATCH and DELETE',
  ],
  [
    'a write hold of a path that is excepted',
    `${smallest}database:
  path: /app/data/app.db
  volume: app-data
  holdWrites: { paths: [/api/cart], except: [/api] }
`,
    'pointsman.yml:6:25  database.holdWrites.paths[0]: /api/cart would never be held, since holdWrites.except has /api → remove one of the two',
  ],
  [
    'a write hold of a path that nginx never sees',
    `${smallest}database:
  path: /app/data/app.db
  volume: app-data
  holdWrites: { paths: [/api//cart, /a/../b] }
`,
    `pointsman.yml:6:25  database.holdWrites.paths[0]: /api//cart is no beginning of any path: nginx resolves //, /./ and /../ before it compares → write the path that is meant
pointsman.yml:6:37  database.holdWrites.paths[1]: /a/../b is no beginning of any path: nginx resolves //, /./ and /../ before it compares → write the path that is meant`,
  ],
  [
    'more than one host',
    `${smallest}environments: { production: { hosts: [ssh://one, ssh://two] } }\n`,
    'pointsman.yml:3:50  environments.production.hosts[1]: more than one machine for an environment is not in this version yet → make an environment of its own for each',
  ],
  [
    'a host that is no SSH address',
    `${smallest}hosts: [shop.example.org]\n`,
    'pointsman.yml:3:9  hosts[0]: expected an SSH address, found the text "shop.example.org" → write it like ssh://deploy@shop.example.org',
  ],
  [
    'an environment with a strange name',
    `${smallest}environments: { "My Env": {} }\n`,
    'pointsman.yml:3:17  environments.My Env: expected an environment name, found the text "My Env" → use lower-case letters, digits and -, as in production',
  ],
  [
    'a wrong override',
    `${smallest}environments:\n  staging:\n    health: { timeout: 5 }\n`,
    'pointsman.yml:5:24  environments.staging.health.timeout: durations need a unit → write 5s',
  ],
  ['a tab', `${smallest}router:\n\tport: 1\n`, 'pointsman.yml:4:1  a tab is used as indentation → indent with spaces'],
  [
    'a key given twice',
    `${smallest}project: other\n`,
    'pointsman.yml:3:1  project is given twice; it is already on line 1 → keep one of them',
  ],
  [
    'an open bracket',
    `${smallest}slots: { blue: a\n`,
    'pointsman.yml:4:1  the indentation does not fit the lines above, or a bracket was not closed → indent alike, with spaces',
  ],
  [
    'an unknown anchor',
    `${smallest}slots: *nothing\n`,
    'pointsman.yml:3:8  there is no anchor &nothing above → add the anchor, or quote the value',
  ],
])('%s', async (_, text, report) => {
  expect(await about(text)).toBe(report);
});

test('everything that is wrong is shown at once, from top to bottom', async () => {
  const text = `image: shop:latest
helth: 1
drain: { timeout: 45 }
slots: { green: app-gren }
build: "yes"
bake: 1
`;
  expect(await about(text)).toBe(`pointsman.yml:1:1  project: missing → add project: shop
pointsman.yml:1:8  image: no {release} in its tag, so every release would be the same image → write shop:{release}
pointsman.yml:2:1  helth: unknown key → did you mean health?
pointsman.yml:3:19  drain.timeout: durations need a unit → write 45s
pointsman.yml:4:17  slots.green: there is no service app-gren in compose.yml → did you mean app-green?
pointsman.yml:5:8  build: expected true or false, found the text "yes" → write it like true
pointsman.yml:6:7  bake: expected a map, found 1 → write it like { duration, window, failures, errors, latency, minRequests }`);
});

test('a rule or a pattern of migrations that cannot be meant is said where it is written', async () => {
  const files = 'files: [app/migrations/*.py, ../db/*.sql, db/*.js], allow: [vacum, attach, zzzzzzzzzz]';
  const text = `${smallest}database: { path: /app/data/app.db, volume: app-data, migrations: { ${files} } }\n`;
  const lines = (await about(text)).split('\n');
  expect(lines).toEqual([
    "pointsman.yml:3:98  database.migrations.files[1]: ../db/*.sql leaves the project's directory, which is all that reaches the host → move the migrations beside the Compose file",
    'pointsman.yml:3:111  database.migrations.files[2]: db/*.js names neither SQL nor Python, which is all that can be read → let it end in .sql or .py',
    'pointsman.yml:3:129  database.migrations.allow[0]: there is no rule vacum → did you mean vacuum?',
    expect.stringMatching(/^pointsman.yml:3:144  .*there is no rule zzzzzzzzzz → use one of begin, commit, /),
  ]);
});

test.each([
  ['.nan', '.nan'],
  ['-.inf', '-.inf'],
  ['0x1FFFF', '0x1FFFF'],
  ['1e9', '1e9'],
  ['TRUE', 'TRUE'],
])('a port that is %s is named as it was written', async (written, named) => {
  expect(await about(`${smallest}router: { port: ${written} }\n`)).toBe(
    `pointsman.yml:3:17  router.port: expected a whole number from 1 to 65535, found ${named} → write it like 5000`,
  );
});

test('a number in an environment is named as it was written there', async () => {
  const text = `${smallest}router: { port: 5000 }\nenvironments: { staging: { router: { port: .nan } } }\n`;
  const report = await reportOn({ 'pointsman.yml': text, 'compose.yml': compose }, 'staging');
  expect(report).toContain('found .nan → write it like 5000');
});

describe('controls in pointsman.yml are written out', () => {
  test.each(attacks)('in a key or a value that %s', async (_, text) => {
    const word = JSON.stringify(text);
    for (const yaml of [`${word}: 1`, `router: { ${word}: 1 }`, `build: ${word}`, `environments: { ${word}: {} }`]) {
      const report = await about(`${smallest}${yaml}\n`);
      // What a CI runner would take for a command is left to the printer.
      expect(report).not.toMatch(/(?![\n\t])[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u);
      expect(report.split('\n').every((line) => line.startsWith('pointsman.yml'))).toBe(true);
    }
  });

  test('also where the file holds them as they are', async () => {
    const report = await about(`${smallest}a\0b\u009b2J: 1\n"\x1b]0;owned\x07": 2\n`);
    expect(report).not.toMatch(/(?!\n)\p{Cc}/u);
    expect(report).toContain('a\\x00b\\x9b2J: unknown key');
  });
});
