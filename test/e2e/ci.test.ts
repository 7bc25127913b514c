import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { historyText } from '../support/history-text.js';
import { imageRepository, Playground } from '../support/playground.js';
import { untilSaid } from '../support/until-said.js';
import { trafficBeside } from '../support/under-traffic.js';

/** Not like any other text, so that finding it anywhere is a leak. */
const canary = "c4nary-5ecret-$HOME-'quoted'-value";
const names = ['ENDPOINT', 'BUCKET', 'ACCESS_KEY_ID', 'SECRET_ACCESS_KEY'].map((name) => `LITESTREAM_R2_${name}`);
const env = names.flatMap((name) => ['--env', name]);

let place: Playground;
let said = '';
const seenArguments = new Set<string>();

beforeAll(async () => {
  place = await Playground.create({ kind: 'via' });
  Object.assign(place.environment, {
    LITESTREAM_R2_ENDPOINT: 'http://s3:9000',
    LITESTREAM_R2_BUCKET: 'notes',
    LITESTREAM_R2_ACCESS_KEY_ID: 'ci-access-key',
    LITESTREAM_R2_SECRET_ACCESS_KEY: canary,
  });
  await place.edit('pointsman.yml', (text) => text.replace('envFile: .env.demo', 'envFile: false'));
  // An app that is given the secret, so that one that prints its environment can leak it.
  await place.edit('compose.yml', (text) =>
    text.replaceAll(/( +)SLOT: (blue|green)\n/g, '$&$1PAYMENTS_SECRET: ${LITESTREAM_R2_SECRET_ACCESS_KEY}\n'),
  );
  // The key that CI holds may open the tunnel and send releases, and nothing else.
  await place.ssh?.allow(
    `restrict,port-forwarding,permitopen="127.0.0.1:${place.temporalPort}",command="pointsman ssh-gate --ship"`,
  );
});
afterAll(() => place?.[Symbol.asyncDispose]());

async function deploy(release: string): Promise<{ code: number; out: string }> {
  const watching = new AbortController();
  const watched = watchProcesses(watching.signal);
  const ran = await place.run('deploy', '-e', 'demo', '--release', release, ...env);
  watching.abort();
  await watched;
  said += ran.out;
  return ran;
}

/** Notes the arguments of every process, as any user of the machine could. */
async function watchProcesses(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { stdout } = await execa('ps', ['-e', '-o', 'args=']);
    for (const line of stdout.split('\n')) seenArguments.add(line);
    await sleep(50);
  }
}

describe('from CI, which holds one key and reaches nothing but SSH,', () => {
  test('the first deploy sends the project and brings the app up', async () => {
    const { code, out } = await deploy('v1');
    expect(out).toContain('live: blue (v1)');
    expect(code, out).toBe(0);
  });

  test('a job that is killed half-way costs nothing: run again, it follows the deploy that went on without it', async () => {
    const traffic = trafficBeside(place);
    await place.holdSlots();
    const first = place.start('deploy', '-e', 'demo', '--release', 'v2', ...env);
    await untilSaid(first.all, 'composeUpWait');
    first.kill('SIGKILL');
    await first;
    const again = place.start('deploy', '-e', 'demo', '--release', 'v2', ...env);
    await untilSaid(again.all, 'v2 is being deployed already');
    await place.letSlotsGo();
    const { exitCode, all } = await again;
    said += all;
    expect(all).toContain('live: green (v2)');
    expect(exitCode, all).toBe(0);
    expect((await traffic.stop()).failures).toEqual({});
  });

  test('a connection that breaks in the middle is made again, and the deploy is followed to its end', async () => {
    const deploying = place.start('deploy', '-e', 'demo', '--release', 'v3', ...env);
    await untilSaid(deploying.all, 'composeUpWait');
    await place.ssh?.cut();
    const { exitCode, all } = await deploying;
    said += all;
    expect(all).toContain('live: blue (v3)');
    expect(exitCode).toBe(0);
  });

  test('a release that fails is undone, and its log comes without the secret that the app printed', async () => {
    const { code, out } = await deploy('leaky');
    expect(code, out).toBe(4);
    expect(out).toContain('── app (app-green), last');
    expect(out).toContain("'PAYMENTS_SECRET': ");
    expect(out).toContain('[redacted]');
    expect(out).toContain('Live: blue (v3), as before.');
  });

  test('a variable that has no value is named before anything is sent', async () => {
    const { exitCode, all } = await place.start('deploy', '-e', 'demo', '--release', 'v1', '--env', 'NOT_SET_ANYWHERE');
    expect(all).toContain('NOT_SET_ANYWHERE has no value here.');
    expect(exitCode).toBe(2);
  });

  test('a rollback goes back to the release before, with the files that belong to it', async () => {
    const { code, out } = await place.run('rollback', '-e', 'demo');
    expect(out).toContain('live: green (v2)');
    expect(code, out).toBe(0);
    const current = await execa('readlink', [join(place.hostState, place.project, 'demo', 'current')]);
    expect(current.stdout).toMatch(/^releases\/v2-/);
  });

  test('an image that no registry has is built on the host, from the context that was sent', async () => {
    // A test run that was interrupted may have left it.
    await execa('docker', ['rmi', '-f', `${imageRepository}:built`], { reject: false });
    await mkdir(join(place.directory, 'image'));
    await writeFile(join(place.directory, 'image/Dockerfile'), `FROM ${imageRepository}:v1\nLABEL built=there\n`);
    await place.edit('compose.yml', (text) =>
      text.replaceAll(/( +)profiles: \[(blue|green)\]\n/g, '$&$1build: ./image\n'),
    );
    await place.edit('pointsman.yml', (text) => `build: true\n${text}`);
    const { code, out } = await deploy('built');
    expect(out).toMatch(/fetchImages .* built, sha256:/);
    expect(out).toContain('live: blue (built)');
    expect(code, out).toBe(0);
  });

  test('the app got its secret as it is, through the .env on the host, which only its owner can read', async () => {
    const litestream = await place.container('litestream');
    expect(litestream?.environment).toContain(`LITESTREAM_SECRET_ACCESS_KEY=${canary}`);
    const file = join(place.hostState, place.project, 'demo', 'current', '.env');
    expect((await execa('stat', ['-c', '%a', file])).stdout).toBe('600');
  });
});

describe('the key of CI', () => {
  const ssh = (...args: string[]) =>
    execa(
      'ssh',
      [
        ...['-p', String(place.ssh?.port), '-i', place.ssh?.keyFile ?? '', '-o', 'IdentitiesOnly=yes'],
        ...['-o', `UserKnownHostsFile=${place.ssh?.directory}/known_hosts`, '-o', 'StrictHostKeyChecking=accept-new'],
        ...args,
      ],
      { reject: false, all: true },
    );

  test('runs no command and opens no shell', async () => {
    for (const command of [['cat', '/etc/shadow'], ['pointsman', 'status'], []]) {
      const { exitCode, all } = await ssh('root@127.0.0.1', ...command);
      expect(all).toContain('is not allowed: this key opens the tunnel to Temporal and sends releases, nothing else.');
      expect(exitCode).toBe(3);
    }
  });

  test('opens no other port of the host', async () => {
    const { exitCode, all } = await ssh('-W', `127.0.0.1:${place.ssh?.port}`, 'root@127.0.0.1');
    expect(all).toContain('administratively prohibited');
    expect(exitCode).not.toBe(0);
  });

  test('reads no file over SFTP', async () => {
    const to = `root@127.0.0.1:/etc/hostname`;
    const options = ['-P', String(place.ssh?.port), '-i', place.ssh?.keyFile ?? '', '-o', 'StrictHostKeyChecking=no'];
    const { exitCode } = await execa('scp', [...options, '-o', 'UserKnownHostsFile=/dev/null', to, '-'], {
      reject: false,
    });
    expect(exitCode).not.toBe(0);
  });

  test('is told what it may do when it is used for more: status needs a key of a person', async () => {
    const { code, out } = await place.run('status', '-e', 'demo');
    expect(out).toContain('lets us in and runs no commands for us');
    expect(out).toContain('this key opens the tunnel to Temporal');
    expect(code, out).toBe(76);
  });
});

describe('no value of a secret', () => {
  /** As it is, and as programs write it. */
  const forms = [canary, encodeURIComponent(canary), Buffer.from(canary).toString('base64')];
  const leaks = (text: string): boolean => forms.some((form) => text.includes(form));

  test('was said by any command', () => {
    expect(said).toContain('[redacted]');
    expect(leaks(said)).toBe(false);
  });

  test('was in the arguments of any process while deploys ran', () => {
    expect([...seenArguments].filter((line) => line.includes('docker compose')).length).toBeGreaterThan(5);
    expect([...seenArguments].filter(leaks)).toEqual([]);
  });

  test('is in any history', async () => {
    const connection = await Connection.connect({ address: `127.0.0.1:${place.temporalPort}` });
    const client = new Client({ connection });
    let events = 0;
    for await (const { workflowId, runId } of client.workflow.list()) {
      const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
      events += history.events?.length ?? 0;
      expect(leaks(historyText(history))).toBe(false);
    }
    await connection.close();
    expect(events).toBeGreaterThan(100);
  });

  test('is in any file that pointsman wrote on the host, but for the .env of each release', async () => {
    const { stdout } = await execa('find', [place.hostState, '-type', 'f']);
    const files = stdout.split('\n');
    const holding: string[] = [];
    for (const file of files) if (leaks(await readFile(file, 'latin1'))) holding.push(file);
    // Compose's own syntax for a value with a quote and a dollar sign keeps the canary from being found as it is.
    expect(holding).toEqual([]);
    expect(files.filter((file) => file.endsWith('/.env')).length).toBeGreaterThan(2);
    expect(await readdir(place.home).catch(() => [])).toEqual([]);
  });
});
