/**
 * Prints the transcript of docs/ci.md: the deploy job that `init --ci gitlab` writes, cancelled half-way and run again.
 * Needs what the end-to-end tests need: npx tsx script/record-ci.ts
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { ciProject, runJob } from '../test/support/ci-job.js';
import { deployScript } from '../test/support/ci-script.js';
import { setup } from '../test/support/e2e-setup.js';
import { untilSaid } from '../test/support/until-said.js';

const tearDown = await setup();
const place = await ciProject('/srv/notes');

const variables = (release: string) => ({
  CI_COMMIT_SHORT_SHA: release,
  CI_REGISTRY: 'registry.example.org',
  CI_REGISTRY_USER: 'gitlab-ci-token',
  CI_REGISTRY_PASSWORD: 'job-token',
  GITLAB_USER_LOGIN: 'ada',
  CI_JOB_URL: `https://gitlab.example.org/shop/notes/-/jobs/${release.slice(1)}`,
});

function say(text: string): void {
  process.stdout.write(`${stripVTControlCharacters(text).replaceAll(place.project, 'notes')}\n`);
}

try {
  const script = deployScript('gitlab', await readFile(join(place.directory, '.gitlab-ci.yml'), 'utf8'));
  const shown = script.trim().replaceAll(/ (--)/g, ' \\\n    $1');
  say(`$ ${shown}\n${(await runJob(place, script, variables('v1'))).all}\n`);
  const job = runJob(place, script, variables('v2'));
  await untilSaid(job.all, 'composeUpWait');
  process.kill(-(job.pid ?? 0), 'SIGTERM');
  say(`$ # v2; the job is lost in the middle\n${(await job).all}\n`);
  const again = await runJob(place, script, variables('v2'));
  say(`$ # the same job, run again\n${again.all}\n(exit code ${again.exitCode})`);
} finally {
  await place[Symbol.asyncDispose]();
  await tearDown();
}
