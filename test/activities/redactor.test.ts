import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { redactorFor } from '../../src/docker/redactor.js';
import { LocalHost } from '../../src/hosts/local-host.js';
import { settings } from '../support/settings.js';

/** An engine on which the project has no container, so that the env file is all there is to know secrets from. */
const docker = { listContainers: () => Promise.resolve([]) } as unknown as Docker;

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pointsman-redactor-'));
  await writeFile(join(directory, 'shop.env'), 'PAYMENTS_API_KEY=canary-4711\n');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test.each([
  ['by its name in the project', () => 'shop.env'],
  ['by its absolute path', () => join(directory, 'shop.env')],
])('a secret of an env file that is named %s is blanked out', async (_, envFile) => {
  const host = new LocalHost({ stateDirectory: directory, docker });
  const redact = await redactorFor(host, { ...settings, directory, envFile: envFile() });
  expect(redact('could not pay with canary-4711')).toBe('could not pay with [redacted]');
});

test.each([
  ['with escapes in quotes', String.raw`API_TOKEN="canary\"4711\$a"`, 'canary"4711$a'],
  ['on several lines', 'PRIVATE_KEY="-----BEGIN\ncanary/4711\n-----END"', 'canary/4711'],
  ['behind a quote that is never closed', 'A="1\nAPI_TOKEN=canary-4711', 'canary-4711'],
])('a secret that is written %s is blanked out as the app knows it', async (_, line, value) => {
  await writeFile(join(directory, 'shop.env'), line);
  const host = new LocalHost({ stateDirectory: directory, docker });
  const redact = await redactorFor(host, { ...settings, directory, envFile: 'shop.env' });
  expect(redact(`could not pay with ${value}!`)).toBe('could not pay with [redacted]!');
});
