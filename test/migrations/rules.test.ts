import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { migrationRuleNames, migrationRules } from '../../src/migrations/rules.js';

test('docs/migrations.md lists every rule with its severity', async () => {
  const text = await readFile(new URL('../../docs/migrations.md', import.meta.url), 'utf8');
  const rows = [...text.matchAll(/^\| `([\w-]+)`\s*\| (\w+)\s*\|/gm)].map(([, rule, severity]) => ({ rule, severity }));
  expect(rows).toEqual(migrationRuleNames.map((rule) => ({ rule, severity: migrationRules[rule].severity })));
});
