import { expect, test } from 'vitest';
import { knownKeys } from '../../src/hosts/ssh/known-hosts.js';
import { matchesWildcards } from '../../src/model/wildcards.js';
import { treeOfDump } from '../../src/router/nginx-dump.js';

test.each([
  ['*', '', true],
  ['a*c', 'abc', true],
  ['a*c', 'ac', true],
  ['a*c', 'acb', false],
  ['*.example.org', 'shop.example.org', true],
  ['*.example.org', 'example.org', false],
  ['sh?p*', 'shop', true],
  ['sh?p', 'shp', false],
  ['*ab*ab', 'abaabab', true],
  ['', 'a', false],
  ['a.c', 'abc', false],
  ['[a]', 'a', false],
])('%s and %s', (pattern, text, expected) => {
  expect(matchesWildcards(pattern, text)).toBe(expected);
});

test('a pattern that a regular expression would think over for ever, or be too large for, is told at once', () => {
  const many = `${'*a'.repeat(40)}!`;
  expect(matchesWildcards(many, 'a'.repeat(500))).toBe(false);
  expect(knownKeys(`${'a'.repeat(70_000)}*,${many} ssh-ed25519 AAAA\n`, 'a'.repeat(500))).toEqual([]);
  const file = (name: string, text: string) => `# configuration file ${name}:\n${text}\n`;
  const dump = file('/etc/nginx/nginx.conf', `include ${many};`) + file(`/etc/nginx/${'a'.repeat(500)}`, 'events {}');
  expect(treeOfDump(dump)).toEqual([]);
});
