import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { describe, expect, test } from 'vitest';
import { Exit, exitCodes } from '../../src/cli/exit-codes.js';
import { obstaclesOf } from '../../src/cli/obstacles.js';
import type { Session } from '../../src/cli/session.js';
import { queueId, workflowId } from '../../src/model/names.js';
import type { Line } from '../../src/model/queue.js';
import { TemporalUnavailableError } from '../../src/temporal/place.js';
import { settings } from '../support/settings.js';

const startTime = new Date('2026-11-29T15:00:00Z');

/** What Temporal holds of an environment. */
interface Held {
  readonly runs?: string;
  readonly line?: Line;
}

function sessionWith({ runs, line = [] }: Held): Session {
  const described = (id: string) => {
    if (id === workflowId(settings) && runs !== undefined) {
      const memo = { kind: 'deploy', release: runs, requestedBy: 'ada' };
      return { memo, startTime, status: { name: 'RUNNING' }, runId: 'run-1', type: 'deploy' };
    }
    if (id === queueId(settings) && line.length > 0) return { status: { name: 'RUNNING' } };
    throw new WorkflowNotFoundError('not there', id, undefined);
  };
  const getHandle = (id: string) => ({
    describe: () => Promise.resolve(id).then(described),
    query: () => Promise.resolve(line),
  });
  const withDeadline = (_: number, ask: () => Promise<unknown>) => ask();
  const client = { workflow: { getHandle }, withDeadline } as unknown as Client;
  return { clientOfDeploy: () => Promise.resolve(client) } as unknown as Session;
}

const waits: Line = [{ id: 'a', release: 'v9', requestedBy: 'bob', since: 1, until: 2 }];

describe('what a deploy that is asked for now would be told', () => {
  const cases: [what: string, held: Held, release: string | null, told: [number, RegExp][]][] = [
    ['nothing where nobody has the environment', {}, 'v2', []],
    [
      'that another deploy runs',
      { runs: 'v1' },
      'v2',
      [[exitCodes.busy, /^deploy v1 by ada runs, since 2026-11-29T15/]],
    ],
    ['that a deploy runs, where no release is named', { runs: 'v1' }, null, [[exitCodes.busy, /^deploy v1 by ada/]]],
    ['nothing where the same release is deployed: it would be followed', { runs: 'v2' }, 'v2', []],
    ['that others wait', { line: waits }, 'v2', [[exitCodes.busy, /^v9 by bob waits, and comes next$/]]],
  ];
  test.each(cases)('is %s', async (_, held, release, told) => {
    const { obstacles } = await obstaclesOf(sessionWith(held), settings, release);
    expect(obstacles).toEqual(
      told.map(([code, message]) => ({ code, message: expect.stringMatching(message) as string })),
    );
  });

  test.each([
    [new TemporalUnavailableError('no Temporal'), exitCodes.unavailable],
    [new Exit(exitCodes.usage, 'no such file'), exitCodes.usage],
  ])('is why Temporal cannot be reached, with the code of a deploy: %s', async (error, code) => {
    const session = { clientOfDeploy: () => Promise.reject(error) } as unknown as Session;
    expect(await obstaclesOf(session, settings, 'v2')).toEqual({
      obstacles: [{ code, message: error.message }],
      ended: null,
    });
  });
});
