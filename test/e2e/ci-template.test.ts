import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ciProject, runJob } from '../support/ci-job.js';
import { cancelScript, deployScript, jobOf } from '../support/ci-script.js';
import type { Playground } from '../support/playground.js';
import { untilSaid } from '../support/until-said.js';
import { trafficBeside } from '../support/under-traffic.js';

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

const githubJob = (release: string) => ({
  GITHUB_SHA: release,
  GITHUB_ACTOR: 'ada',
  GITHUB_TOKEN: 'token-of-this-job',
});

const shells = { gitlab: ['sh', '-e'], github: ['bash', '--noprofile', '--norc', '-e', '-o', 'pipefail'] };

test("GitLab's deploy job, as it stands, deploys the first release", async () => {
  const { exitCode, all } = await runJob(place, deployScript('gitlab', gitlab), gitlabJob('v1'));
  expect(all).toContain('live: blue (v1)');
  expect(exitCode).toBe(0);
  // The registry's credentials came with the release, and are gone.
  expect((await execa('find', [place.hostState, '-name', '.docker-login'])).stdout).toBe('');
});

test.each(['gitlab', 'github'] as const)(
  'a job that is cancelled half-way in %s has its deploy undone, and says what is live',
  async (template) => {
    const yaml = template === 'gitlab' ? gitlab : github;
    // It is not healthy for a good while: however slow the runner's machine is, the deploy waits for that.
    const variables = { ...gitlabJob('hanging'), ...githubJob('hanging') };
    const job = runJob(place, deployScript(template, yaml), variables, shells[template]);
    await untilSaid(job.all, 'composeUpWait');
    // The runner ends all that the job has started; what comes after is told why.
    process.kill(-(job.pid ?? 0), 'SIGTERM');
    await job;
    const others = { CI_JOB_STATUS: 'canceled', CI_COMMIT_SHORT_SHA: 'v3', GITHUB_SHA: 'v3' };
    const notOurs = await runJob(place, cancelScript(template, yaml), { ...variables, ...others }, shells[template]);
    expect(notOurs.all).toContain('v3 is not what runs, but the deploy of hanging by');
    const status = { CI_JOB_STATUS: 'canceled' };
    const { all } = await runJob(place, cancelScript(template, yaml), { ...variables, ...status }, shells[template]);
    expect(all).toMatch(/deploy cancelled\. Undone: .*stopSlots/);
    expect(all).toContain('Live: blue (v1), as before.');
  },
);

test('a job that ended by itself cancels nothing', async () => {
  const { all, exitCode } = await runJob(place, cancelScript('gitlab', gitlab), {
    ...gitlabJob('v1'),
    CI_JOB_STATUS: 'success',
  });
  expect({ all, exitCode }).toEqual({ all: '', exitCode: 0 });
});

test('a job that is lost half-way and run again ends well, and no request fails', async () => {
  const traffic = trafficBeside(place);
  await place.holdSlots();
  const job = runJob(place, deployScript('gitlab', gitlab), gitlabJob('v2'));
  await untilSaid(job.all, 'composeUpWait');
  // As when the runner's machine goes down.
  process.kill(-(job.pid ?? 0), 'SIGKILL');
  expect((await job).exitCode).not.toBe(0);
  const again = runJob(place, deployScript('gitlab', gitlab), gitlabJob('v2'));
  await untilSaid(again.all, 'v2 is being deployed already (by ada (https://gitlab.example.org/jobs/1))');
  await place.letSlotsGo();
  const { exitCode, all } = await again;
  expect(all).toContain('live: green (v2)');
  expect(exitCode, all).toBe(0);
  expect((await traffic.stop()).failures).toEqual({});
});

test("GitHub's deploy step, as it stands, deploys the next one", async () => {
  const { exitCode, all } = await runJob(place, deployScript('github', github), githubJob('v3'), shells.github);
  expect(all).toContain('live: blue (v3)');
  expect(exitCode).toBe(0);
});

test("GitLab's rollback job goes back to the release before", async () => {
  const script = (jobOf('gitlab', gitlab, 'rollback').script ?? []).join('\n');
  const { exitCode, all } = await runJob(place, script, gitlabJob('v3'));
  expect(all).toContain('live: green (v2)');
  expect(exitCode).toBe(0);
});
