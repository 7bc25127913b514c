import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exitCodes } from '../../src/cli/exit-codes.js';
import { isOwnConfig } from '../../src/router/nginx-config.js';
import { HandMadeProject } from '../support/hand-made-project.js';
import { handMadeRouters, type HandMadeRouter } from '../support/hand-made-routers.js';
import { loseName } from '../support/late-names.js';
import { answersOf, SameAnswers, type SameAnswersReport } from '../support/same-answers.js';
import type { Ran } from '../support/playground.js';
import { untilBegun } from '../support/until-begun.js';

// One app that runs, behind each kind of router that people set up by hand: taken over by the very command, with users all along.
let project: HandMadeProject;
beforeAll(async () => {
  project = await HandMadeProject.create();
});
afterAll(() => project?.[Symbol.asyncDispose]());

const adopt = ['adopt', '-e', 'demo', '--yes'];
const mounted = 'nginx.conf itself mounted';
const redirected = 'TLS with redirect';
const kinds = handMadeRouters.filter(({ kind }) => kind !== mounted);

function kindOf(wanted: string): HandMadeRouter {
  const found = handMadeRouters.find(({ kind }) => kind === wanted);
  if (!found) throw new Error(`there is no ${wanted}`);
  return found;
}

/** Clients ask all that a kind is asked, directly and as a balancer would; each answer has to be the one of before. */
async function underSameAnswers({ asks }: HandMadeRouter, act: () => Promise<Ran>): Promise<Ran & SameAnswersReport> {
  const forwarded = { 'X-Forwarded-Proto': 'https', 'X-Forwarded-For': '203.0.113.9', 'X-Real-IP': '203.0.113.9' };
  const questions = asks.flatMap((url) => [{ url }, { url, headers: forwarded }]);
  const before = await answersOf(project.address, questions);
  expect([...before.values()].map(({ body }) => body).join()).toContain('"slot": "blue"');
  const traffic = new SameAnswers(project.address, before);
  await traffic.atLeast(500);
  const ran = await act();
  await traffic.atLeast(Math.max(500, 2000 - traffic.requests));
  const report = await traffic.stop();
  expect(await answersOf(project.address, questions)).toEqual(before);
  return { ...ran, ...report };
}

describe('pointsman adopt, under traffic,', () => {
  test.each(kinds)('takes over a router with $kind: no request fails, and every answer is as before', async (kind) => {
    await project.setUp(kind, kind.kind === redirected ? undefined : kind.port);
    const containers = await project.containers();
    const { code, out, sent, failures } = await underSameAnswers(kind, () => project.place.run(...adopt));
    expect(code, out).toBe(exitCodes.succeeded);
    expect(failures, await project.complaints()).toEqual({});
    expect(sent).toBeGreaterThanOrEqual(2000);
    expect(isOwnConfig(await project.config())).toBe(true);
    expect(await project.containers()).toEqual(containers);
  });

  test('lets nginx get to know the slot first: no request fails, however late it is told the address', async () => {
    const kind = kindOf('addresses and ports of the host in place of names');
    await project.setUp(kind, kind.port);
    const { id = '' } = (await project.place.container('router')) ?? {};
    await loseName(project.place.docker.getContainer(id), 'app-blue', 2);
    const { code, out, failures } = await underSameAnswers(kind, () => project.place.run(...adopt));
    expect(code, out).toBe(exitCodes.succeeded);
    expect(failures, await project.complaints()).toEqual({});
    expect(await project.files()).not.toContain('warm-up');
  });

  test('is undone where nginx does not get to know the slot: users stay with the config of before', async () => {
    const kind = kindOf('addresses and ports of the host in place of names');
    await project.setUp(kind, kind.port);
    const before = await project.config();
    const { id = '' } = (await project.place.container('router')) ?? {};
    await loseName(project.place.docker.getContainer(id), 'app-blue', 100);
    const { code, out, failures } = await underSameAnswers(kind, () => project.place.run(...adopt));
    expect(out).toContain('nginx in router does not reach app-blue by its name: it still answers 502 after 12 s');
    expect(code, out).toBe(exitCodes.undone);
    expect(failures, await project.complaints()).toEqual({});
    expect(await project.config()).toBe(before);
    expect(await project.files()).not.toContain('warm-up');
  });

  test('that is aborted while nginx waits for the address leaves nothing that nginx reads, on disk or loaded', async () => {
    const kind = kindOf('addresses and ports of the host in place of names');
    await project.setUp(kind, kind.port);
    const before = await project.config();
    const { id = '' } = (await project.place.container('router')) ?? {};
    await loseName(project.place.docker.getContainer(id), 'app-blue', 20);
    const { code, out, failures } = await underSameAnswers(kind, async () => {
      const adopting = project.place.run(...adopt);
      await expect.poll(() => project.files(), { timeout: 60_000 }).toContain('pointsman-warm-up.conf');
      const aborted = await project.place.run('abort', '-e', 'demo');
      expect(aborted.code, aborted.out).toBe(exitCodes.cancelled);
      return adopting;
    });
    expect(code, out).toBe(exitCodes.cancelled);
    expect(failures, await project.complaints()).toEqual({});
    expect(await project.config()).toBe(before);
    expect(await project.files()).not.toContain('warm-up');
    await expect(fetch(`http://${project.address}:8081/__pointsman/warm-up/blue`)).rejects.toThrow('fetch failed');
  });

  test('refuses a router.port of pointsman.yml on which a server of the user stays, and says which one to write', async () => {
    await project.setUp(kindOf(redirected), 80);
    const before = [await project.files(), await project.containers(), await settings()];
    const { code, out } = await project.place.run(...adopt);
    expect(out).toContain(
      'pointsman.yml has router.port: 80, and what is taken over of your config needs router.port: 5000.',
    );
    expect(code, out).toBe(exitCodes.refused);
    expect([await project.files(), await project.containers(), await settings()]).toEqual(before);
  });

  test(`refuses ${mounted}, says what to do, and touches nothing`, async () => {
    const kind = kindOf(mounted);
    await project.setUp(kind);
    const before = [await project.files(), await project.containers(), await settings()];
    const { code, out, sent, failures } = await underSameAnswers(kind, () => project.place.run(...adopt));
    expect(out).toContain('Nothing was touched. This has to be done by hand first:');
    expect(out).toContain('nginx.conf:4 server');
    expect(out).toContain('Mount a directory at /etc/nginx/conf.d of router');
    expect(code, out).toBe(exitCodes.refused);
    expect(failures, await project.complaints()).toEqual({});
    expect(sent).toBeGreaterThanOrEqual(2000);
    expect([await project.files(), await project.containers(), await settings()]).toEqual(before);
  });

  test('asks over TLS too, and puts everything back where an answer is another one there', async () => {
    const usual = kindOf(redirected);
    const flag = 'location = /flag { default_type text/plain; alias /etc/nginx/flag; }\n    location / {';
    const files: HandMadeRouter['files'] = (places) => {
      const [[path, text] = ['', '']] = Object.entries(usual.files(places));
      return { [path]: text.replace('location / {', flag), '/etc/nginx/flag': 'before\n' };
    };
    const kind = { ...usual, files };
    await project.setUp(kind);
    const before = await project.config();
    const { code, out, failures } = await underSameAnswers(kind, async () => {
      const adopting = project.place.run(...adopt);
      await untilBegun(project.place, 'writeAdoption');
      await project.write({ '/etc/nginx/flag': 'after\n' });
      return adopting;
    });
    expect(out).toMatch(/asked .*https:\/\/shop\.example:443\/flag/);
    expect(out).toContain('not the same answers as before: https://shop.example:443/flag: ');
    expect(code, out).toBe(exitCodes.undone);
    expect(failures, await project.complaints()).toEqual({});
    expect(await project.config()).toBe(before);
  });
});

const settings = (): Promise<string> => readFile(join(project.place.directory, 'pointsman.yml'), 'utf8');
