import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createActivities } from '../src/activities/index.js';
import { DirectRollback } from '../src/break-glass.js';
import { loadProject } from '../src/config/load.js';
import { findContainer } from '../src/docker/container.js';
import { appendRecord, readRecords } from '../src/docker/release-record.js';
import { LocalHost } from '../src/hosts/local-host.js';
import type { Activities } from '../src/model/activities.js';
import { imageOf } from '../src/model/names.js';
import type { StepProgress } from '../src/model/progress.js';
import type { ReleaseRecord } from '../src/model/release-record.js';
import type { Settings } from '../src/model/settings.js';
import type { Live } from '../src/model/slot.js';
import { askLive } from '../src/router/live-slot.js';
import { freePort } from './support/free-port.js';

const example = fileURLToPath(new URL('../examples/notes', import.meta.url));
const repository = `pointsman-break-glass-${randomBytes(3).toString('hex')}`;

let directory: string;
let host: LocalHost;
let settings: Settings;

/** An image that runs, and never answers. */
const hanging = `FROM ${repository}:v1\nENTRYPOINT []\nCMD ["python", "-c", "import time; time.sleep(600)"]\n`;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pointsman-break-glass-'));
  await cp(example, directory, { recursive: true });
  const env = { DOCKER_BUILDKIT: '0' };
  await execa('docker', ['build', '-t', `${repository}:v1`, directory], { env });
  for (const [tag, input] of [
    ['v2', `FROM ${repository}:v1\nLABEL release=v2\n`],
    ['hanging', hanging],
  ] as const) {
    await execa('docker', ['build', '-t', `${repository}:${tag}`, '-'], { env, input });
  }
  process.env['ROUTER_PORT'] = String(await freePort());
  host = new LocalHost({ stateDirectory: join(directory, '.state') });
  const { settings: written } = await loadProject({ directory, environment: 'demo' });
  const health = { ...written.health, timeoutMs: 4000 };
  settings = { ...written, project: repository, image: `${repository}:{release}`, health, database: null };
  await live({ slot: 'blue', release: 'v1' });
  await live({ slot: 'green', release: 'v2' });
  await run('stopSlots', { slots: ['blue'] });
});

afterAll(async () => {
  const files = settings.composeFiles.flatMap((file) => ['-f', file]);
  const down = ['compose', '-p', repository, ...files, '--env-file', settings.envFile ?? '/dev/null'];
  await execa('docker', [...down, '--profile', '*', 'down', '-v', '--timeout', '2'], { cwd: directory, reject: false });
  await execa('docker', ['rmi', '-f', ...['v1', 'v2', 'hanging'].map((tag) => `${repository}:${tag}`)]);
  delete process.env['ROUTER_PORT'];
  await rm(directory, { recursive: true, force: true });
});

function run<N extends keyof Activities>(name: N, args: object): ReturnType<Activities[N]> {
  const { signal } = new AbortController();
  const activities = createActivities({
    hosts: { of: () => Promise.resolve(host) },
    runner: (work) => work({ signal, runId: 'test', number: Date.now(), report: () => undefined }),
  });
  return (activities[name] as (args: object) => Promise<void>)({ settings, ...args }) as ReturnType<Activities[N]>;
}

/** Makes a release live, by the steps that matter for that. */
async function live({ slot, release }: Live & { release: string }): Promise<void> {
  const [image, timestamp] = [imageOf(settings, release), `20261123T09233${slot === 'blue' ? 1 : 2}Z`];
  await run('bootstrapRouter', {});
  await run('composeUpWait', { slot, release, image });
  await run('writeRouterConfig', { slot, release, timestamp });
  await run('reloadRouter', { slot, release, timestamp });
  await recorded(release, { slot, image });
}

async function recorded(release: string, change: Partial<ReleaseRecord>): Promise<void> {
  const at = new Date().toISOString();
  await appendRecord(host, settings, {
    ...{ deployId: `run-${release}`, kind: 'deploy', outcome: 'succeeded', release, slot: null, image: null },
    ...{ previous: null, backup: null, requestedBy: 'ada', startedAt: at, endedAt: at, message: '', ...change },
  });
}

function rollback(steps: string[] = [], signal = new AbortController().signal): DirectRollback {
  const onStep = ({ name, state }: StepProgress): void => void steps.push(`${name} ${state}`);
  return new DirectRollback({ host, settings, requestedBy: 'carl', reason: 'prices are wrong', signal, onStep });
}

const runs = async (service: string): Promise<boolean | undefined> =>
  (await findContainer(host.docker, settings.project, service))?.running;

describe('a rollback without Temporal', () => {
  test('that cannot bring the slot up is undone, and what was live still is', async () => {
    const image = imageOf(settings, 'hanging');
    const plan = { live: { slot: 'green', release: 'v2' }, target: { release: 'hanging', image } } as const;
    const steps: string[] = [];
    const failed = rollback(steps).carryOut(plan);
    await expect(failed).rejects.toMatchObject({
      name: 'BrokenGlassError',
      message: expect.stringContaining('app-blue was not healthy within 4 s') as string,
      undone: ['switchBack', 'stopSlots'],
      left: [],
    });
    expect(steps.slice(-6)).toEqual([
      ...['composeUpWait running', 'composeUpWait failed', 'switchBack running', 'switchBack done'],
      ...['stopSlots running', 'stopSlots done'],
    ]);
    expect(await askLive(host, settings)).toEqual({ slot: 'green', release: 'v2' });
    expect([await runs('app-green'), await runs('app-blue')]).toEqual([true, false]);
    expect((await readRecords(host, settings)).some(({ breakGlass }) => breakGlass)).toBe(false);
  });

  test('that is interrupted is undone too', async () => {
    const interrupt = new AbortController();
    interrupt.abort();
    const plan = await rollback().plan(null);
    await expect(rollback([], interrupt.signal).carryOut(plan)).rejects.toMatchObject({
      ...{ undone: ['switchBack', 'stopSlots'], left: [] },
    });
    expect(await askLive(host, settings)).toEqual({ slot: 'green', release: 'v2' });
    expect(await runs('app-green')).toBe(true);
  });

  test('finds the release before, starts its slot, switches to it and stops the other one', async () => {
    const steps: string[] = [];
    const direct = rollback(steps);
    const plan = await direct.plan(null);
    expect(plan).toMatchObject({ live: { slot: 'green', release: 'v2' }, target: { release: 'v1' } });
    expect(await direct.carryOut(plan)).toMatchObject({ slot: 'blue', release: 'v1' });
    expect(direct.warnings).toEqual([]);
    expect(steps.filter((step) => step.endsWith('done')).map((step) => step.split(' ')[0])).toEqual([
      ...['findRollbackTarget', 'fetchImages', 'composeUpWait', 'probeSlot', 'writeRouterConfig', 'reloadRouter'],
      ...['drainSlot', 'stopSlots', 'recordRelease'],
    ]);
    expect(await askLive(host, settings)).toEqual({ slot: 'blue', release: 'v1' });
    expect([await runs('app-blue'), await runs('app-green')]).toEqual([true, false]);
    expect((await readRecords(host, settings)).at(-1)).toMatchObject({
      ...{ kind: 'rollback', outcome: 'succeeded', release: 'v1', slot: 'blue', previous: 'v2', breakGlass: true },
      message: 'back to v1 in blue by break glass, without Temporal (prices are wrong); the database was kept as it is',
    });
  });

  test('refuses where there is nothing to go back to', async () => {
    await expect(rollback().plan('v7')).rejects.toThrow('release v7 was never live here; known releases: v1, v2');
  });
});
