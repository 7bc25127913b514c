import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { exitCodes } from '../../src/cli/exit-codes.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const main = join(root, 'dist/cli/main.js');
const example = fileURLToPath(new URL('../../examples/notes', import.meta.url));

/** An empty directory, with the app in `app` where a test asks for it; gone after each test. */
let directory: string;
let state: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pointsman-program-'));
  state = join(directory, 'state');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** Runs the built program as a user would, without Temporal being configured or running. */
async function run(cwd: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return runWith({}, cwd, ...args);
}

async function runWith(more: Record<string, string>, cwd: string, ...args: string[]) {
  const env = { ...more, POINTSMAN_HOME: state, TEMPORAL_ADDRESS: '', TEMPORAL_PROFILE: '', TEMPORAL_CONFIG_FILE: '' };
  const { exitCode, stdout, stderr } = await execa(process.execPath, [main, ...args], { cwd, env, reject: false });
  return { code: exitCode ?? -1, out: stdout, err: stderr };
}

async function app(): Promise<string> {
  const path = join(directory, 'app');
  await cp(example, path, { recursive: true });
  return path;
}

test('the built program needs no other package for a command, so that none is looked for file by file', async () => {
  const alone = join(directory, 'alone');
  for (const part of ['dist', 'templates', 'package.json'])
    await cp(join(root, part), join(alone, part), { recursive: true });
  const cwd = await app();
  const env = { POINTSMAN_HOME: state, TEMPORAL_ADDRESS: '127.0.0.1:1' };
  const runAlone = (...args: string[]) =>
    execa(process.execPath, [join(alone, 'dist/cli/main.js'), ...args], { cwd, env, reject: false });
  const checked = await runAlone('check', '-e', 'production');
  expect(checked.stdout).toMatch(/\d+ to mend first; live: /);
  expect({ code: checked.exitCode, err: checked.stderr }).toEqual({ code: exitCodes.refused, err: '' });
  const asked = await runAlone('status', '-e', 'production');
  expect(asked.stdout + asked.stderr).toContain('Temporal does not answer at 127.0.0.1:1');
});

describe('the built program, in an empty directory', () => {
  test('lists its commands and exit codes, and touches nothing', async () => {
    const { code, out, err } = await run(directory, '--help');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    for (const command of ['deploy', 'rollback', 'status', 'history', 'check', 'up', 'init'])
      expect(out).toMatch(new RegExp(`^  ${command} `, 'm'));
    for (const [name, number] of Object.entries(exitCodes)) expect(out).toContain(`${number}  ${name}`);
    expect(existsSync(state)).toBe(false);
  });

  test('ends with 2 on an option that it does not know', async () => {
    expect(await run(directory, 'status', '--nope')).toEqual({
      code: exitCodes.usage,
      out: '',
      err: "error: unknown option '--nope'",
    });
  });

  test('ends with 2 without a pointsman.yml, and says how to get one', async () => {
    expect(await run(directory, 'deploy', '--release', 'v1')).toEqual({
      code: exitCodes.usage,
      out: '',
      err: 'pointsman.yml  is not there → run: pointsman init',
    });
    expect(existsSync(state)).toBe(false);
  });
});

describe('the built program, beside an app that was never deployed', () => {
  test('says that Docker does not answer, where it does not, and what to do', async () => {
    const away = { DOCKER_HOST: `unix://${join(directory, 'docker.sock')}` };
    for (const command of ['status', 'logs']) {
      const { code, err } = await runWith(away, await app(), command, '-e', 'demo');
      expect({ command, code, err }).toEqual({
        ...{ command, code: exitCodes.unreachable },
        err: `Docker does not answer at ${join(directory, 'docker.sock')}: it is not there. Start Docker Engine (systemctl start docker); a deploy that runs waits for it.`,
      });
    }
    expect((await runWith(away, await app(), 'history', '-e', 'demo')).code).toBe(exitCodes.succeeded);
  });

  test('checks that it can be, without starting Temporal', async () => {
    const { code, out } = await run(await app(), 'check', '-e', 'demo');
    expect({ code, last: out.split('\n').at(-1) }).toEqual({ code: 0, last: 'ready to deploy; live: nothing' });
    expect(existsSync(state)).toBe(false);
  });

  test('names everything that is to be mended first', async () => {
    const { code, out } = await run(await app(), 'check', '-e', 'production');
    const names = ['ENDPOINT', 'BUCKET', 'ACCESS_KEY_ID', 'SECRET_ACCESS_KEY'].map((name) => `LITESTREAM_R2_${name}`);
    const findings = names.map(
      (name) => `error [variables] ${name} has no value in .env. Set it: the replica cannot work without it.`,
    );
    expect(out.split('\n')).toEqual([...findings, '4 to mend first; live: nothing']);
    expect(code).toBe(exitCodes.refused);
  });

  test('has no history', async () => {
    const path = await app();
    expect(await run(path, 'history', '-e', 'demo')).toMatchObject({ code: 0, out: 'nothing was deployed here yet' });
    expect(await run(path, 'history', '-e', 'demo', '--json')).toMatchObject({ code: 0, out: '[]' });
  });

  test('says that nothing is live and nothing runs, without starting Temporal', async () => {
    const path = await app();
    expect(await run(path, 'status', '-e', 'demo')).toEqual({
      code: 0,
      out: 'live: nothing\nreplica: litestream does not run\nrunning: nothing',
      err: '',
    });
    const { out } = await run(path, 'status', '-e', 'demo', '--json');
    expect(JSON.parse(out)).toEqual({
      ...{
        live: null,
        canary: null,
        maintenance: null,
        watched: false,
        hold: null,
        last: null,
        drill: null,
        running: null,
        ended: null,
      },
      replica: { state: 'stopped', afterMs: 0, problem: 'litestream does not run' },
    });
    expect(existsSync(state)).toBe(false);
  });
});
