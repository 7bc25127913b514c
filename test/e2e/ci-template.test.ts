import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Traffic } from '../../bench/traffic.js';
import { ciProject, runJob } from '../support/ci-job.js';
import { deployScript, jobOf } from '../support/ci-script.js';
import type { Playground } from '../support/playground.js';
import { untilSaid } from '../support/until-said.js';

let place: Playground;
let gitlab: string;
let github: string;

beforeAll(async () => {
  place = await ciProject();
  gitlab = await readFile(join(place.directory, '.gitlab-ci.yml'), 'utf8');
  github = await readFile(join(place.directory, '.github/workflows/deploy.yml'), 'utf8');
});
afterAll(() => place?.[Symbol.asyncDispose]());

const gitlabJob = (release: string) => ({
  CI_COMMIT_SHORT_SHA: release,
  CI_REGISTRY: 'registry.example.org',
  CI_REGISTRY_USER: 'gitlab-ci-token',
  CI_REGISTRY_PASSWORD: 'job-token-of-this-job',
  GITLAB_USER_LOGIN: 'ada',
  CI_JOB_URL: 'https://gitlab.example.org/jobs/1',
});

test("GitLab's deploy job, as it stands, deploys the first release", async () => {
  const { exitCode, all } = await runJob(place, deployScript('gitlab', gitlab), gitlabJob('v1'));
  expect(all).toContain('live: blue (v1)');
  expect(exitCode).toBe(0);
  // The registry's credentials came with the release, and are gone.
  expect((await execa('find', [place.hostState, '-name', '.docker-login'])).stdout).toBe('');
});

test('a job that is cancelled half-way and run again ends well, and no request fails', async () => {
  const traffic = new Traffic({ port: place.port });
  const job = runJob(place, deployScript('gitlab', gitlab), gitlabJob('v2'));
  await untilSaid(job.all, 'composeUpWait');
  // The runner ends all that the job has started.
  process.kill(-(job.pid ?? 0), 'SIGTERM');
  expect((await job).exitCode).not.toBe(0);
  const again = await runJob(place, deployScript('gitlab', gitlab), gitlabJob('v2'));
  expect(again.all).toContain('v2 is being deployed already (by ada (https://gitlab.example.org/jobs/1))');
  expect(again.all).toContain('live: green (v2)');
  expect(again.exitCode).toBe(0);
  expect((await traffic.stop()).failures).toEqual({});
});

test("GitHub's deploy step, as it stands, deploys the next one", async () => {
  const variables = { GITHUB_SHA: 'v3', GITHUB_ACTOR: 'ada', GITHUB_TOKEN: 'token-of-this-job' };
  const shell = ['bash', '--noprofile', '--norc', '-e', '-o', 'pipefail'];
  const { exitCode, all } = await runJob(place, deployScript('github', github), variables, shell);
  expect(all).toContain('live: blue (v3)');
  expect(exitCode).toBe(0);
});

test("GitLab's rollback job goes back to the release before", async () => {
  const script = (jobOf('gitlab', gitlab, 'rollback').script ?? []).join('\n');
  const { exitCode, all } = await runJob(place, script, gitlabJob('v3'));
  expect(all).toContain('live: green (v2)');
  expect(exitCode).toBe(0);
});
