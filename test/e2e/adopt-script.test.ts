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

/** What docs/adopt.md shows of this test, as a person would type it. */
async function commandsShown(): Promise<string[]> {
  const documentation = await readFile(new URL('../../docs/adopt.md', import.meta.url), 'utf8');
  const shown = documentation.split(/^## /m).find((text) => text.startsWith('From deploy.sh to pointsman\n')) ?? '';
  return [...shown.matchAll(/^\$ (?:\w+=\S+ )*(.+)$/gm)].map(([, command = '']) => command);
}

test('two releases by a script, then adopt, deploy and rollback: every release serves in its turn, and no request fails', async () => {
  expect(await release()).toBe('v2');
  const shared = await place.identities();
  const served: (string | null)[] = [];
  const typed = ['./deploy.sh v1', './deploy.sh v2'];
  const succeeds = async (...args: string[]): Promise<string> => {
    typed.push(`pointsman ${args.join(' ')}`);
    const { code, out } = await place.run(...args);
    expect(code, out).toBe(exitCodes.succeeded);
    return out;
  };
  const { traffic } = await underTraffic(
    place,
    async () => {
      expect(await succeeds('check', '-e', 'demo')).toContain('ready to deploy; live: green (release unknown)');
      const shown = await succeeds('adopt', '-e', 'demo', '--dry-run');
      expect(shown).toContain(`live      green (v2), in app-green, of ${imageRepository}:v2; it stays as it is`);
      await succeeds('adopt', '-e', 'demo', '--yes');
      served.push(await release());
      await succeeds('deploy', '-e', 'demo', '--release', 'v3');
      served.push(await release());
      const out = await succeeds('rollback', '-e', 'demo');
      served.push(await release());
      return { code: exitCodes.succeeded, out };
    },
    2000,
  );
  expect(await succeeds('history', '-e', 'demo')).toMatch(/rollback +v2 .*\n.*deploy +v3 .*\n.*adopt +v2 /);
  expect(served).toEqual(['v2', 'v3', 'v2']);
  expect(await place.identities()).toEqual(shared);
  expect(traffic.failures).toEqual({});
  expect(traffic.sent).toBeGreaterThanOrEqual(2000);
  expect(missing(traffic.written, await place.notes())).toEqual([]);
  expect(await commandsShown()).toEqual(typed);
});
