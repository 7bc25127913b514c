import { expect, test } from 'vitest';
import { askPaths } from '../../src/router/asked-paths.js';
import { servesOurs } from '../../src/router/proof-of-theirs.js';
import { fakeHost } from '../preflight/support.js';
import { settings } from '../support/settings.js';

const nothingRuns = fakeHost({ docker: { listContainers: () => Promise.resolve([]) } });
const asked = { settings, live: { slot: 'blue', release: 'v1' } } as const;

test.each([
  ['what it serves', () => servesOurs(nothingRuns, settings)],
  ['a path', () => askPaths(nothingRuns, asked, ['/'], new AbortController().signal)],
])('a router that does not run is told in the same words, whether it was to be asked for %s', async (_, ask) => {
  await expect(ask()).rejects.toThrow('router does not run, so it cannot be asked');
});
