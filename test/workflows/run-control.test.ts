import { randomUUID } from 'node:crypto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { abortCommand, answerCommand, approveCommand } from '../../src/cli/commands/run-control.js';
import { exitCodes } from '../../src/cli/exit-codes.js';
import type { RunHandle, RunWorkflow, Session } from '../../src/cli/session.js';
import { tryStart } from '../../src/cli/start.js';
import { workflowId } from '../../src/model/names.js';
import type { Progress } from '../../src/model/progress.js';
import type { Settings } from '../../src/model/settings.js';
import { taskQueue } from '../../src/temporal/place.js';
import { answerApproval, progressQuery } from '../../src/workflows/messages.js';
import { wellBehaved } from '../support/fake-activities.js';
import { settings as usual } from '../support/settings.js';
import { waitingSession } from '../support/waiting-session.js';
import { devServer, withWorker } from '../support/workflow-environment.js';

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await devServer();
});
afterAll(() => environment?.teardown());

/** An environment whose deploys wait for a person. */
function place(): Settings {
  const approval = { when: 'before-switch', timeoutMs: 3_600_000, otherwise: 'abort' } as const;
  return { ...usual, project: `shop-${randomUUID().slice(0, 8)}`, database: null, replica: null, approval };
}

/** A session of one command; `looked` is called once it has looked at a run, and before it says anything to it. */
function sessionAt(settings: Settings, looked: () => Promise<void> = () => Promise.resolve()): Session {
  const { session } = waitingSession();
  const { client } = environment;
  const getHandle = (id: string, run?: string) => {
    const handle = client.workflow.getHandle<RunWorkflow>(id, run);
    const query = handle.query.bind(handle);
    handle.query = (async (...asked: Parameters<typeof query>) => {
      const answer: unknown = await query(...asked);
      await looked();
      return answer;
    }) as typeof handle.query;
    return handle;
  };
  return Object.assign(session, {
    environment: { requestedBy: 'ada@laptop' },
    settings: () => Promise.resolve(settings),
    client: () => Promise.resolve({ workflow: { getHandle } }),
  });
}

/** Starts a deploy; returns once it waits for a person. */
async function waitingDeploy(settings: Settings, release: string): Promise<RunHandle> {
  const input = { settings, release, requestedBy: 'ada', reason: null };
  const handle = await tryStart(environment.client, { kind: 'deploy', input });
  if (!handle) throw new Error(`${release} was not started: another one has the environment`);
  let progress: Progress | null = null;
  while (!progress?.approval) progress = await handle.query(progressQuery);
  return handle;
}

/** Lets v2 end and v3 begin, once. */
function takeover(settings: Settings, first: () => RunHandle, next: (handle: RunHandle) => void): () => Promise<void> {
  let over = false;
  return async () => {
    if (over) return;
    over = true;
    const { startedAt } = await first().query(progressQuery);
    const signed = { for: 'answer', workflowId: first().workflowId, startedAt } as const;
    await first().executeUpdate(answerApproval, { args: [{ answer: 'approve', by: 'bob', reason: '', signed }] });
    await first().result();
    next(await waitingDeploy(settings, 'v3'));
  };
}

test.each([
  ['approved', 'v2', (session: Session) => approveCommand(session, { release: 'v2' })],
  ['aborted', 'v2', (session: Session) => abortCommand(session, { release: 'v2' })],
  ['aborted with a reason', 'v2', (session: Session) => abortCommand(session, { release: 'v2', reason: 'no' })],
  ['approved without naming it', 'v2', (session: Session) => approveCommand(session, {})],
] as const)('a release that began after the look is not %s in place of the one that ended', async (_, release, say) => {
  const settings = place();
  await withWorker(
    environment,
    wellBehaved({ slot: 'blue', release: 'v1' }),
    async () => {
      const first = await waitingDeploy(settings, release);
      let second: RunHandle | null = null;
      const looked = takeover(
        settings,
        () => first,
        (handle) => (second = handle),
      );
      await expect(say(sessionAt(settings, looked))).rejects.toMatchObject({
        code: exitCodes.usage,
        message: `Nothing runs in ${workflowId(settings)}: what was looked at, if anything, has ended.`,
      });
      const now = await (second as RunHandle | null)?.query(progressQuery);
      expect(now).toMatchObject({ release: 'v3', phase: 'waiting-for-approval' });
      await (second as RunHandle | null)?.terminate();
    },
    taskQueue,
  );
});

test.each(['retry', 'skip'] as const)('without a worker, %s says so in words instead of waiting', async (action) => {
  const settings = place();
  const input = { settings, release: 'v2', requestedBy: 'ada', reason: null };
  const handle = await tryStart(environment.client, { kind: 'deploy', input });
  await expect(answerCommand(sessionAt(settings), action, { reason: 'mended' })).rejects.toMatchObject({
    code: exitCodes.unavailable,
    message: expect.stringContaining('No worker has told within 8 s what runs, so nothing was said to it') as string,
  });
  await handle?.terminate();
});
