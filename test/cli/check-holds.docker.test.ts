import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { exitCodes, type ExitCode } from '../../src/cli/exit-codes.js';
import { freePort } from '../support/free-port.js';
import { ownName } from '../support/names.js';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const example = fileURLToPath(new URL('../../examples/notes', import.meta.url));

/** An app of its own, and how it is asked about; a world changes either. */
interface World {
  readonly app: string;
  readonly state: string;
  readonly project: string;
  readonly args: string[];
  readonly variables: Record<string, string>;
  readonly ends: (() => Promise<unknown>)[];
}

let directory: string;
let world: World;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pointsman-check-'));
  const [app, project] = [join(directory, 'app'), ownName('check')];
  await cp(example, app, { recursive: true });
  const config = await readFile(join(app, 'pointsman.yml'), 'utf8');
  await writeFile(join(app, 'pointsman.yml'), config.replace(/^project: .*/m, `project: ${project}`));
  const [port, ui] = [await freePort(), await freePort()];
  const state = join(directory, 'state');
  const variables = { POINTSMAN_TEMPORAL_PORT: String(port), POINTSMAN_UI_PORT: String(ui) };
  world = { app, state, project, args: [], variables, ends: [] };
});
afterEach(async () => {
  for (const end of world.ends) await end();
  await rm(directory, { recursive: true, force: true });
});

async function run(command: string, ...args: string[]): Promise<{ code: number; said: string }> {
  const none = { TEMPORAL_ADDRESS: '', TEMPORAL_PROFILE: '', TEMPORAL_CONFIG_FILE: '' };
  const ci = { CI_COMMIT_SHORT_SHA: '', GITHUB_SHA: '', GITHUB_TOKEN: '' };
  const env = { ...none, ...ci, POINTSMAN_HOME: world.state, ...world.variables };
  const all = [main, command, '-e', 'demo', ...world.args, ...args];
  const { exitCode, all: said } = await execa(process.execPath, all, { cwd: world.app, env, reject: false, all: true });
  return { code: exitCode ?? -1, said };
}

async function holdPort(name: 'POINTSMAN_TEMPORAL_PORT' | 'POINTSMAN_UI_PORT'): Promise<void> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(Number(world.variables[name]), '127.0.0.1', resolve));
  world.ends.push(() => new Promise((resolve) => server.close(resolve)));
}

async function change(file: string, mend: (text: string) => string): Promise<void> {
  await writeFile(join(world.app, file), mend(await readFile(join(world.app, file), 'utf8')));
}

type Case = [refusal: string, code: ExitCode, make: () => unknown];

/** Before a deploy has begun it ends with the same code, so that is asked too. */
const beforeItBegins: Case[] = [
  ['there is no pointsman.yml', exitCodes.usage, () => rm(join(world.app, 'pointsman.yml'))],
  ['pointsman.yml has an unknown key', exitCodes.usage, () => change('pointsman.yml', (text) => `${text}\nnope: 1\n`)],
  ['the release cannot be an image tag', exitCodes.usage, () => world.args.push('--release', 'a/b')],
  ['variables are given for this machine', exitCodes.usage, () => strangeOption()],
  [
    'slots in an included file share one image',
    exitCodes.usage,
    async () => {
      const text = (await readFile(join(world.app, 'compose.yml'), 'utf8')).replaceAll(
        /\$\{(BLUE|GREEN)_IMAGE[^}]*\}/g,
        'notes:1',
      );
      await writeFile(join(world.app, 'all.yml'), text);
      await writeFile(join(world.app, 'compose.yml'), 'include: [all.yml]\n');
    },
  ],
  ['the program of the embedded Temporal is missing', exitCodes.unavailable, () => noTemporal()],
  ["another program has Temporal's port", exitCodes.unavailable, () => holdPort('POINTSMAN_TEMPORAL_PORT')],
  ["another program has the UI's port", exitCodes.unavailable, () => holdPort('POINTSMAN_UI_PORT')],
  ['others can write the state directory', exitCodes.unavailable, () => openState()],
  [
    'a Temporal of its own does not answer',
    exitCodes.unavailable,
    async () => (world.variables['TEMPORAL_ADDRESS'] = `127.0.0.1:${await freePort()}`),
  ],
  [
    'the file with its address is not there',
    exitCodes.usage,
    () => (world.variables['TEMPORAL_CONFIG_FILE'] = '/nowhere/temporal.toml'),
  ],
];

/** A deploy has begun to look for Temporal by then, and started it. */
function strangeOption(): void {
  world.args.push('--env', 'HOME');
  const env = { POINTSMAN_HOME: world.state, ...world.variables };
  world.ends.push(() => execa(process.execPath, [main, 'down'], { env, reject: false }));
}

function noTemporal(): void {
  const path = (process.env['PATH'] ?? '').split(':').filter((each) => !/temporal|\.local/.test(each));
  Object.assign(world.variables, { PATH: path.join(':'), POINTSMAN_TEMPORAL_CLI: '', POINTSMAN_CACHE: directory });
}

async function openState(): Promise<void> {
  await mkdir(world.state);
  await chmod(world.state, 0o777);
}

describe('where a deploy would not begin, check ends with the same code', () => {
  test.each(beforeItBegins)('%s', async (_, code, make) => {
    await make();
    const check = await run('check');
    expect(check.code, check.said).toBe(code);
    const deploy = await run('deploy', ...(world.args.includes('--release') ? [] : ['--release', 'v1']));
    expect(deploy.code, deploy.said).toBe(code);
  });
});

/** These the deploy's first step finds by the same checks. */
const inPreflight: Case[] = [
  ["the release's image is nowhere", exitCodes.refused, () => world.args.push('--release', 'nowhere')],
  [
    'Compose refuses the project',
    exitCodes.refused,
    () => change('compose.yml', (text) => text.replace('services:', 'services:\n  broken: { image: notes, cpus: {} }')),
  ],
  [
    'Docker does not answer',
    exitCodes.refused,
    () => (world.variables['DOCKER_HOST'] = `unix://${join(directory, 'docker.sock')}`),
  ],
  ['the database is none, and no release is named', exitCodes.refused, () => brokenDatabase()],
];

async function brokenDatabase(): Promise<void> {
  const volume = `${world.project}_app-data`;
  await execa('docker', ['volume', 'create', '--label', `com.docker.compose.project=${world.project}`, volume]);
  world.ends.push(() => execa('docker', ['volume', 'rm', '-f', volume]));
  const text = 'this is no database, and longer than the header of one. '.repeat(20);
  const { stdout } = await execa('docker', ['volume', 'inspect', '-f', '{{.Mountpoint}}', volume]);
  await writeFile(join(stdout, 'app.db'), text);
}

describe('where the first step of a deploy would refuse it, so does check', () => {
  test.each(inPreflight)('%s', async (_, code, make) => {
    await make();
    const check = await run('check');
    expect(check.code, check.said).toBe(code);
  });
});

test('where nothing is in the way, check says so, and has started nothing', async () => {
  expect(await run('check')).toEqual({ code: 0, said: 'ready to deploy; live: nothing' });
});
