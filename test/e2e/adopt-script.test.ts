import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exitCodes } from '../../src/cli/exit-codes.js';
import { imageRepository, Playground } from '../support/playground.js';
import { noteCommand } from '../support/transcript.js';
import { missing, underTraffic } from '../support/under-traffic.js';

// The way of the very user that pointsman is made for: a script has deployed until now.
let place: Playground;

/** The script as it is written, but for the images of others that it would remove from this machine. */
async function placeScript(): Promise<void> {
  const text = await readFile(new URL('../../bench/switch/deploy.sh', import.meta.url), 'utf8');
  const own = text.replace(/^.*docker image ls -q .*\n/m, '');
  await writeFile(join(place.directory, 'deploy.sh'), own, { mode: 0o755 });
}

async function byScript(release: string): Promise<void> {
  const env = { PROJECT: place.project, IMAGE: imageRepository, ROUTER_PORT: String(place.port) };
  const child = execa('./deploy.sh', [release], { cwd: place.directory, env, reject: false, all: true });
  noteCommand(`./deploy.sh ${release}`, child);
  const { exitCode, all } = await child;
  expect(exitCode, all).toBe(0);
}

const release = async () => (await fetch(`http://127.0.0.1:${place.port}/healthz`)).headers.get('x-release');

beforeAll(async () => {
  place = await Playground.create();
  await placeScript();
  for (const one of ['v1', 'v2']) await byScript(one);
});
afterAll(() => place?.[Symbol.asyncDispose]());

test('two releases by a script, then adopt, deploy and rollback: every release serves in its turn, and no request fails', async () => {
  expect(await release()).toBe('v2');
  const shared = await place.identities();
  const served: (string | null)[] = [];
  const { code, out, traffic } = await underTraffic(
    place,
    async () => {
      const adopted = await place.run('adopt', '-e', 'demo', '--yes');
      expect(adopted.out).toContain(`live      green (v2), in app-green, of ${imageRepository}:v2; it stays as it is`);
      expect(adopted.code, adopted.out).toBe(exitCodes.succeeded);
      served.push(await release());
      const deployed = await place.deploy('v3');
      expect(deployed.code, deployed.out).toBe(exitCodes.succeeded);
      served.push(await release());
      return place.run('rollback', '-e', 'demo');
    },
    2000,
  );
  expect(code, out).toBe(exitCodes.succeeded);
  served.push(await release());
  expect(served).toEqual(['v2', 'v3', 'v2']);
  expect(await place.identities()).toEqual(shared);
  expect(traffic.failures).toEqual({});
  expect(traffic.sent).toBeGreaterThanOrEqual(2000);
  expect(missing(traffic.written, await place.notes())).toEqual([]);
});
