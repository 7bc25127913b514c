import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Activities } from '../../src/model/activities.js';
import { plannedSteps } from '../../src/model/plan.js';
import type { ApprovalSettings, Settings } from '../../src/model/settings.js';
import type { Live } from '../../src/model/slot.js';
import { wellBehaved } from '../support/fake-activities.js';
import { tellStory } from '../support/run-workflow.js';
import { bake, canary, holdWrites, judging, settings, withDatabase } from '../support/settings.js';
import { timeSkipping } from '../support/workflow-environment.js';

const live: Live = { slot: 'blue', release: 'v1' };
const migrate = { command: ['python', '-m', 'app.migrate'], timeoutMs: 60_000, network: false };
// Shorter than the hold, so that it is the deadline that answers.
const timed = { timeoutMs: 60_000, otherwise: 'approve' } as const;
const first: ApprovalSettings = { ...timed, when: 'before-switch' };
const later: ApprovalSettings = { ...timed, when: 'after-canary' };
const held = withDatabase({ holdWrites });
const rehearsed = withDatabase({ holdWrites, migrate });

interface Case {
  readonly with: Settings;
  readonly approved?: boolean;
  /** What the rehearsal finds. */
  readonly migrates?: boolean;
}

const cases: Record<string, Case> = {
  'nothing more': { with: settings },
  'no database': { with: { ...settings, database: null } },
  'a hold': { with: held },
  'a rehearsal and a hold': { with: rehearsed, migrates: true },
  'a hold that is not needed': { with: rehearsed, migrates: false },
  'a hold whatever the rehearsal finds': {
    with: withDatabase({ holdWrites, migrate, restore: 'always' }),
    migrates: false,
  },
  'a canary': { with: { ...settings, canary, judging } },
  'a bake': { with: { ...settings, bake, judging } },
  'a canary and a bake': { with: { ...settings, canary, bake, judging } },
  'a hold and a canary': { with: { ...held, canary, judging } },
  'a hold and a bake': { with: { ...held, bake, judging } },
  'an approval before the switch': { with: { ...settings, approval: first } },
  'an approval in advance': { with: { ...settings, approval: first }, approved: true },
  'an approval after the canary': { with: { ...settings, canary, judging, approval: later } },
  'an approval after the canary, in advance': {
    with: { ...settings, canary, judging, approval: later },
    approved: true,
  },
  'everything, asked before': { with: { ...rehearsed, canary, bake, judging, approval: first }, migrates: true },
  'everything, asked after': { with: { ...rehearsed, canary, bake, judging, approval: later }, migrates: true },
  'everything but a migration': { with: { ...rehearsed, canary, bake, judging, approval: first }, migrates: false },
};

let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  environment = await timeSkipping();
});
afterAll(() => environment?.teardown());

test.each(
  Object.entries(cases).flatMap(([what, one]) => [
    [what, 'a deploy', live, one] as const,
    [what, 'a first deploy', null, one] as const,
  ]),
)('with %s, %s takes the very steps that the plan has told', async (_, _kind, from, one) => {
  const { with: chosen, approved, migrates = true } = one;
  const activities: Activities = {
    ...wellBehaved(from),
    rehearseMigration: () => Promise.resolve({ migrates, tookMs: 9, bytes: 9, predictedMs: 9, output: [] }),
  };
  const told = await tellStory(environment, activities, { settings: chosen, ...(approved ? { approved } : {}) });
  const planned = plannedSteps(chosen, { live: from, approved });
  const taken = planned.filter(({ onlyIf }) => onlyIf === undefined || migrates);
  expect(told.result?.progress.steps.map(({ name }) => name)).toEqual(taken.map(({ name }) => name));
});
