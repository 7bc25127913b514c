import { expect, test } from 'vitest';
import { compose, reportOn, smallest } from './support.js';

const about = (text: string) => reportOn({ 'pointsman.yml': text, 'compose.yml': compose });

test('a project without pointsman.yml is told how to get one', async () => {
  expect(await reportOn({})).toBe('pointsman.yml  is not there → run: pointsman init');
});

test.each([
  ['an empty file', '', ''],
  ['a file of comments', '# nothing\n', ''],
  ['a list', '- a\n', ''],
  ['a text', 'shop\n', ''],
  ['no required key', 'build: true\n', ''],
  ['an unknown key', `${smallest}helth: {}\n`, ''],
  ['an unknown key that is like no other', `${smallest}zzzzzzzz: 1\n`, ''],
  ['an unknown key in a section', `${smallest}router: { prot: 5000 }\n`, ''],
  ['a key in the wrong place', `${smallest}upstreamPort: 8000\n`, ''],
  ['a section that is text', `${smallest}router: router\n`, ''],
  ['a section that is empty', `${smallest}health:\n`, ''],
  ['a flag that is text', `${smallest}build: "yes"\n`, ''],
  ['a port out of range', `${smallest}router: { port: 70000 }\n`, ''],
  ['a project name with a capital', 'project: Shop\nimage: shop:{release}\n', ''],
  ['a project name that is a number', 'project: 42\nimage: shop:{release}\n', ''],
  ['an image without {release}', 'project: shop\nimage: shop:latest\n', ''],
  ['a duration without a unit', `${smallest}drain:\n  timeout: 45\n`, ''],
  ['a duration in words', `${smallest}drain:\n  timeout: a while\n`, ''],
  ['a relative path', `${smallest}database: { path: data/app.db, volume: app-data }\n`, ''],
  ['half a database', `${smallest}database: { path: /app/data/app.db }\n`, ''],
  ['a restore rule that is none', `${smallest}database: { path: /a/b.db, volume: app-data, restore: sometimes }\n`, ''],
  ['a Compose file that is not there', `${smallest}compose: [compose.yml, other.yml]\n`, ''],
  ['an env file that is not there', `${smallest}envFile: .env.production\n`, ''],
  ['two slots on one service', `${smallest}slots:\n  green: app-blue\n`, ''],
  ['a router that is a slot', `${smallest}router: { service: app-blue }\n`, ''],
  ['a bake', `${smallest}bake: { duration: 2m }\n`, ''],
  ['an approval', `${smallest}approval: before-switch\n`, ''],
  ['a canary', `${smallest}canary: [10]\n`, ''],
  ['a migrate command', `${smallest}database: { path: /app/data/app.db, volume: app-data, migrate: [x] }\n`, ''],
  ['a write hold', `${smallest}database: { path: /app/data/app.db, volume: app-data, holdWrites: true }\n`, ''],
  ['hosts', `${smallest}environments: { production: { hosts: [ssh://shop] } }\n`, ''],
  ['an environment with a strange name', `${smallest}environments: { "My Env": {} }\n`, ''],
  ['a wrong override', `${smallest}environments:\n  staging:\n    health: { timeout: 5 }\n`, ''],
  ['a tab', `${smallest}router:\n\tport: 1\n`, ''],
  ['a key given twice', `${smallest}project: other\n`, ''],
  ['an open bracket', `${smallest}slots: { blue: a\n`, ''],
  ['an unknown anchor', `${smallest}slots: *nothing\n`, ''],
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
  expect(await about(text)).toBe('');
});
