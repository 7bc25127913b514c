import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { checks } from '../../src/preflight/index.js';

test('docs/preflight.md lists every check with what it looks at, in the order of their findings', async () => {
  const text = await readFile(new URL('../../docs/preflight.md', import.meta.url), 'utf8');
  const section = text.slice(text.indexOf('## The checks'), text.indexOf('## Where an image'));
  const rows = [...section.matchAll(/^\| `([\w-]+)`\s*\| (.*?)\s*\|/gm)].map(([, name, looksAt]) => ({
    name,
    looksAt,
  }));
  expect(rows).toEqual(checks.map(({ name, looksAt }) => ({ name, looksAt })));
});
