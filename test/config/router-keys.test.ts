import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { otherRouterKeys, withRouterKeys } from '../../src/config/router-keys.js';

const keys = { maxBody: '20m', snippets: '/etc/nginx/conf.d/snippets' };
const added = (indent: string): string => `${indent}maxBody: 20m\n${indent}snippets: /etc/nginx/conf.d/snippets\n`;

test.each<[string, string, string]>([
  [
    'a file without a router gets one at its end',
    "# Ours.\nproject: shop # the shop\nimage:   'shop:{release}'\nlist: [a,b]\n",
    `# Ours.\nproject: shop # the shop\nimage:   'shop:{release}'\nlist: [a,b]\nrouter:\n${added('  ')}`,
  ],
  ['a file whose last line does not end, too', 'project: shop', `project: shop\nrouter:\n${added('  ')}`],
  [
    'keys go into the router that there is, and its comments stay',
    'router:\n    # The one in front.\n    service: nginx # no other\nproject: shop\n',
    `router:\n    # The one in front.\n${added('    ')}    service: nginx # no other\nproject: shop\n`,
  ],
  [
    'also where it is written in one line',
    'router: { service: nginx, port: 80 } # here\n',
    'router: { service: nginx, port: 80, maxBody: 20m, snippets: /etc/nginx/conf.d/snippets } # here\n',
  ],
  [
    "keys go into the environment's own router where it has one",
    'router: { port: 80 }\nenvironments:\n  demo:\n    router:\n      service: nginx\n',
    `router: { port: 80 }\nenvironments:\n  demo:\n    router:\n${added('      ')}      service: nginx\n`,
  ],
  ['an empty router is written anew', 'router:\nproject: shop\n', `router:\n${added('  ')}project: shop\n`],
])('%s', (_, before, after) => {
  expect(withRouterKeys(before, 'demo', keys)).toBe(after);
  expect(withRouterKeys(after, 'demo', keys)).toBe(after);
});

test('a key that is there already stays as it is, whatever its value', () => {
  const text = 'router: { maxBody: 5m, snippets: /srv/own }\n';
  expect(withRouterKeys(text, 'demo', keys)).toBe(text);
});

test('a value that YAML would read as another thing is quoted', () => {
  expect(parse(withRouterKeys('project: shop\n', 'demo', { maxBody: '0' }))).toEqual({
    project: 'shop',
    router: { maxBody: '0' },
  });
});

test('a key that is there with another value is told, since it stays', () => {
  const other = (text: string): string[] => otherRouterKeys(text, 'demo', { port: '5000', maxBody: '20m' });
  expect(other('router: { port: 80, maxBody: 20m }\n')).toEqual(['router.port: 80']);
  expect(other('router: { port: 5000 }\nenvironments: { demo: { router: { port: 443 } } }\n')).toEqual([
    'router.port: 443',
  ]);
  expect(other('router: { port: 5000 }\n')).toEqual([]);
  expect(other('project: shop\n')).toEqual([]);
});
