import { chmod, cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { beforeEach, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { readEnvironment } from '../../src/cli/environment.js';
import { ciFiles } from '../../src/config/init-ci.js';
import { initProject } from '../../src/config/init.js';
import { commandsOf, deployScript, jobOf, jobsFor, jobsOf, type Template } from '../support/ci-script.js';
import { lintTool } from '../support/lint-tool.js';
import { projectWith } from './support.js';

const example = fileURLToPath(new URL('../../examples/notes', import.meta.url));
const templates = ['gitlab', 'github'] as const;
const names = [
  'LITESTREAM_R2_ENDPOINT',
  'LITESTREAM_R2_BUCKET',
  'LITESTREAM_R2_ACCESS_KEY_ID',
  'LITESTREAM_R2_SECRET_ACCESS_KEY',
];

async function written(template: Template, files: Readonly<Record<string, string>>): Promise<string> {
  const directory = await projectWith(files);
  await initProject(directory, { ci: template });
  return readFile(join(directory, ciFiles[template].file), 'utf8');
}

/** What init writes for the example app. */
const yaml = { gitlab: '', github: '' };

beforeEach(async () => {
  const compose = await readFile(join(example, 'compose.yml'), 'utf8');
  for (const template of templates) yaml[template] = await written(template, { 'compose.yml': compose });
});

describe('the published schema', () => {
  const schemas = { gitlab: 'vendor.gitlab-ci', github: 'vendor.github-workflows' };

  async function check(template: Template, text: string): Promise<{ code: number; out: string }> {
    // GitLab's schema looks into no hidden job, so what the others take from one is put there too.
    const jobs = template === 'gitlab' ? stringify(Object.fromEntries(jobsOf(template, text))) : text;
    const directory = await projectWith({ 'ci.yml': text, 'jobs.yml': jobs });
    const files = ['ci.yml', 'jobs.yml'].map((file) => join(directory, file));
    return lintTool('check-jsonschema', ['--builtin-schema', schemas[template], ...files]);
  }

  test.each(templates)('of %s takes what init writes, with a replica and without', async (template) => {
    for (const text of [yaml[template], await written(template, {})]) {
      expect(await check(template, text)).toMatchObject({ code: 0, out: expect.stringContaining('ok') as string });
    }
  });

  test.each([
    ['gitlab', 'interruptible: false', 'interruptible: never'],
    ['gitlab', 'when: manual', 'when: someone asks'],
    ['github', 'runs-on:', 'run-on:'],
    ['github', 'cancel-in-progress: false', 'cancel-in-progress: never'],
  ] as const)('of %s refuses a broken one: "%s" written as "%s"', async (template, from, to) => {
    const { code, out } = await check(template, yaml[template].replace(from, to));
    expect(out).toContain('Schema validation errors were encountered');
    expect(code).toBe(1);
  });
});

describe('GitLab', () => {
  const usual = { $CI_DEFAULT_BRANCH: 'main', $CI_PIPELINE_SOURCE: 'push' };
  const jobs = (event: Readonly<Record<string, string>>) => jobsFor('gitlab', yaml.gitlab, { ...usual, ...event });

  test('tests and lints a merge request, and nothing else', () => {
    expect(jobs({ $CI_PIPELINE_SOURCE: 'merge_request_event' })).toEqual(['test', 'lint']);
  });

  test('deploys the default branch only, and a rollback waits for a person', () => {
    expect(jobs({ $CI_COMMIT_BRANCH: 'main' })).toEqual(['test', 'lint', 'build', 'deploy', 'rollback (by hand)']);
  });

  test('runs no second pipeline for the branch of a merge request, and none for a tag', () => {
    expect(jobs({ $CI_COMMIT_BRANCH: 'topic' })).toEqual([]);
    expect(jobs({ $CI_COMMIT_TAG: 'v1' })).toEqual([]);
  });

  test('builds after test and lint, deploys after the build, and lets a rollback wait for none of them', () => {
    const { stages } = parse(yaml.gitlab) as { stages: string[] };
    const stage = (name: string) => stages.indexOf(String(jobOf('gitlab', yaml.gitlab, name)['stage']));
    expect(['test', 'lint', 'build', 'deploy'].map(stage)).toEqual([0, 0, 1, 2]);
    // `needs` or a condition of its own would let it start earlier, or after a failure.
    for (const name of ['build', 'deploy']) expect(jobOf('gitlab', yaml.gitlab, name)).not.toHaveProperty('needs');
    expect(jobOf('gitlab', yaml.gitlab, 'deploy').rules?.map(({ when }) => when)).toEqual([undefined]);
    expect(jobOf('gitlab', yaml.gitlab, 'rollback').needs).toEqual([]);
  });

  test('runs one deploy or rollback at a time and cancels none for a newer commit', () => {
    for (const name of ['deploy', 'rollback']) {
      const serialised = { resource_group: 'production', interruptible: false };
      expect(jobOf('gitlab', yaml.gitlab, name)).toMatchObject(serialised);
    }
  });

  test('is not kept waiting by a rollback that nobody asks for', () => {
    expect(jobOf('gitlab', yaml.gitlab, 'rollback').rules).toMatchObject([{ when: 'manual', allow_failure: true }]);
  });
});

describe('GitHub', () => {
  const base = { 'github.event.repository.default_branch': 'main', true: 'true' };
  const jobs = (name: string, event: Readonly<Record<string, string>>) =>
    jobsFor('github', yaml.github, { ...base, 'github.event_name': name, ...event });

  test('tests and lints a pull request, and nothing else', () => {
    expect(jobs('pull_request', { 'github.ref_name': '7/merge' })).toEqual(['test', 'lint']);
  });

  test('deploys the default branch only', () => {
    expect(jobs('push', { 'github.ref_name': 'main' })).toEqual(['test', 'lint', 'build', 'deploy']);
    expect(jobs('push', { 'github.ref_name': 'master' })).toEqual(['test', 'lint']);
    expect(jobs('push', { 'github.ref_name': 'topic' })).toEqual([]);
  });

  test('rolls back when a person asks for that on the default branch, and runs nothing else then', () => {
    const asked = { 'inputs.action': 'rollback' };
    expect(jobs('workflow_dispatch', { 'github.ref_name': 'main', ...asked })).toEqual(['rollback']);
    expect(jobs('workflow_dispatch', { 'github.ref_name': 'topic', ...asked })).toEqual([]);
    expect(jobs('workflow_dispatch', { 'github.ref_name': 'main' })).toEqual([]);
  });

  test('builds after test and lint, and deploys after all three', () => {
    expect(jobOf('github', yaml.github, 'build').needs).toEqual(['test', 'lint']);
    expect(jobOf('github', yaml.github, 'deploy').needs).toEqual(['test', 'lint', 'build']);
  });

  test('runs one deploy or rollback at a time and cancels none for a newer commit', () => {
    for (const name of ['deploy', 'rollback']) {
      const concurrency = { group: 'production', 'cancel-in-progress': false };
      expect(jobOf('github', yaml.github, name)).toMatchObject({ concurrency });
    }
  });

  test('lets the build write packages, and no other job write anything', () => {
    const { permissions } = parse(yaml.github) as { permissions: unknown };
    expect(permissions).toEqual({ contents: 'read' });
    const writing = [...jobsOf('github', yaml.github)].filter(([, job]) => /write/.test(JSON.stringify(job)));
    expect(writing.map(([name]) => name)).toEqual(['build']);
    expect(jobOf('github', yaml.github, 'build')).toMatchObject({
      permissions: { contents: 'read', packages: 'write' },
    });
  });

  test('gives secrets to the steps that deploy, cancel and roll back, and to no other', () => {
    const steps = [...jobsOf('github', yaml.github).values()].flatMap((job) => job.steps ?? []);
    const holding = steps.filter((step) => JSON.stringify(step).includes('secrets.'));
    expect(holding.map(({ name }) => name)).toEqual(['Deploy', 'Cancel the deploy with its job', 'Roll back']);
    const outside = yaml.github.split('\n').filter((line) => line.includes('secrets.') && !/^ {10}\w+: \$/.test(line));
    expect(outside).toEqual([]);
  });

  test('ends every job in time, and takes actions by their hash', () => {
    for (const job of jobsOf('github', yaml.github).values()) {
      expect(job['timeout-minutes']).toBeGreaterThan(0);
      for (const { uses } of job.steps ?? []) if (uses) expect(uses).toMatch(/^actions\/[a-z-]+@[0-9a-f]{40}$/);
    }
  });
});

describe.each(templates)('the commands of %s', (template) => {
  /** Not like any other text, so that finding it anywhere is a leak. */
  const canary = 'canary$(value)"of a secret';
  const gitlab = {
    CI_REGISTRY: 'registry.example.org',
    CI_REGISTRY_IMAGE: 'registry.example.org/group/notes',
    CI_REGISTRY_USER: 'ci-user',
    CI_REGISTRY_PASSWORD: canary,
    CI_COMMIT_SHORT_SHA: 'a1b2c3d4',
  };
  const github = {
    GITHUB_REPOSITORY: 'Group/Notes',
    GITHUB_ACTOR: 'ci-user',
    GITHUB_TOKEN: canary,
    GITHUB_SHA: 'a1b2c3d4e5f60718293a4b5c6d7e8f9001122334',
  };
  const ci = template === 'gitlab' ? gitlab : github;
  const secrets = { POINTSMAN_SSH_KEY: canary, ...Object.fromEntries(names.map((name) => [name, canary])) };

  /** Runs them as that CI's shell does, with programs that only tell how they were called. */
  async function run(script: string): Promise<string[]> {
    const tell = '#!/bin/sh\ncase "$*" in *--password-stdin*) cat >/dev/null ;; esac\necho "$(basename "$0") $*"\n';
    const bin = await projectWith({ docker: tell, pointsman: tell });
    for (const name of ['docker', 'pointsman']) await chmod(join(bin, name), 0o755);
    const known: Readonly<Record<string, string>> = {
      PATH: `${bin}:${process.env['PATH']}`,
      POINTSMAN_VIA: 'ssh://pointsman@shop.example.org',
      ...ci,
      ...secrets,
    };
    const own = Object.entries(jobOf(template, yaml[template], 'build').variables ?? {});
    const filled = own.map(([name, text]) => [name, text.replace(/\$(\w+)/g, (_, each: string) => known[each] ?? '')]);
    const env = { ...known, ...(Object.fromEntries(filled) as Record<string, string>) };
    const shell = template === 'gitlab' ? ['sh'] : ['bash', '--noprofile', '--norc', '-o', 'pipefail'];
    const [file = '', ...args] = shell;
    const { all } = await execa(file, [...args, '-e', '-c', script], {
      env,
      extendEnv: false,
      all: true,
      stdin: 'ignore',
    });
    return all.split('\n');
  }

  test('push the image with the release that the deploy is for as its tag', async () => {
    const image = { gitlab: 'registry.example.org/group/notes', github: 'ghcr.io/group/notes' }[template];
    const said = await run(commandsOf(jobOf(template, yaml[template], 'build')).join('\n'));
    expect(readEnvironment(ci).release).toBe('a1b2c3d4');
    expect(said.slice(1)).toEqual([`docker build --tag ${image}:a1b2c3d4 .`, `docker push ${image}:a1b2c3d4`]);
  });

  test('deploy with the name of every variable of the .env, each on its own line', async () => {
    const script = deployScript(template, yaml[template]);
    const [registry, user, password] =
      template === 'gitlab'
        ? ['registry.example.org', 'CI_REGISTRY_USER', 'CI_REGISTRY_PASSWORD']
        : ['ghcr.io', 'GITHUB_ACTOR', 'GITHUB_TOKEN'];
    expect(await run(script)).toEqual([
      'pointsman deploy --environment production --via ssh://pointsman@shop.example.org' +
        ` --registry ${registry} --registry-user ${user} --registry-password ${password}` +
        names.map((name) => ` --env ${name}`).join(''),
    ]);
    const head = yaml[template].slice(0, yaml[template].indexOf('\n\n'));
    for (const name of names) {
      expect(yaml[template].split('\n').map((line) => line.trim())).toContain(`--env ${name}`);
      expect(head).toContain(`#   ${name}\n`);
    }
  });

  test('hand over no variables where the app has no replica', async () => {
    const text = await written(template, {});
    expect(deployScript(template, text)).toMatch(/^pointsman deploy .* --registry-password \w+\n?$/);
    expect(text).not.toContain('@variable@');
  });

  test('say no value of a secret, and give none to a program as an argument', async () => {
    for (const name of ['build', 'deploy', 'rollback']) {
      const commands = commandsOf(jobOf(template, yaml[template], name)).filter((each) => !each.startsWith('npm '));
      const said = await run(commands.join('\n'));
      expect(said.length).toBeGreaterThan(0);
      expect(said.filter((line) => line.includes(canary))).toEqual([]);
    }
    const all = [...jobsOf(template, yaml[template]).values()].flatMap(commandsOf).join('\n');
    expect(all).not.toMatch(/set -\w*x|\bprintenv\b|^\s*env\b/m);
  });

  test('install the pointsman that wrote them', async () => {
    const own = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
    const { version } = JSON.parse(own) as { version: string };
    for (const name of ['deploy', 'rollback']) {
      const [first] = commandsOf(jobOf(template, yaml[template], name));
      expect(first).toBe(`npm install --global pointsman@${version}`);
    }
  });

  test('install the linter and the test runner in the versions that are tried here', async () => {
    const setup = await readFile(new URL('../../script/lib/python-tools.sh', import.meta.url), 'utf8');
    for (const [job, tool] of [
      ['lint', 'ruff'],
      ['test', 'pytest'],
    ] as const) {
      // The program is asked too: the cache may hold what an older set-up left there.
      const { out } = await lintTool(tool, ['--version']);
      const pinned = out.trim().replace(' ', '==');
      expect(setup.split(/\s+/)).toContain(pinned);
      expect(commandsOf(jobOf(template, yaml[template], job))).toContain(`pip install --quiet ${pinned}`);
    }
  });
});

describe("the example app's own code", () => {
  test('passes ruff, its formatter and pytest', async () => {
    for (const [tool, ...args] of [
      ['ruff', 'check'],
      ['ruff', 'format', '--check'],
      ['pytest', '-p', 'no:cacheprovider'],
    ] as const) {
      const { code, out } = await lintTool(tool, args, example);
      expect(out).toMatch(/passed|already formatted/);
      expect(code).toBe(0);
    }
  });

  test('is refused by ruff and pytest where it is broken', async () => {
    const directory = await projectWith({});
    await cp(example, directory, { recursive: true });
    await writeFile(
      join(directory, 'tests', 'test_broken.py'),
      'import os\n\n\ndef test_broken():\n    assert False\n',
    );
    expect((await lintTool('ruff', ['check'], directory)).out).toContain('F401');
    expect((await lintTool('pytest', ['-p', 'no:cacheprovider'], directory)).out).toContain('1 failed');
  });
});
