import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missing, processes, sampleOf } from '../../bench/faults/cells.js';
import { differences } from '../../bench/faults/ending.js';
import { buildUnproven, prepare, removeUnproven, scenarios } from '../../bench/faults/scenarios.js';
import { tryOnce } from '../../bench/faults/trial.js';
import { Playground } from '../support/playground.js';

let place: Playground;
/** Steps that were struck, and what was killed. */
const struck = { steps: new Set<string>(), kills: new Set<string>() };

beforeAll(async () => {
  await buildUnproven();
  place = await Playground.create();
  await prepare(place);
});
afterAll(async () => {
  await place?.[Symbol.asyncDispose]();
  await removeUnproven();
});

// `npm run faults` kills each process at each moment of each step in a run of its own; this is a sample of it.
describe.each(scenarios)('$name', (scenario) => {
  test('ends as it does without a kill, with something killed at each of its steps', async () => {
    const usual = await tryOnce({ place, scenario, strikes: [] });
    const steps = usual.steps.map(({ step }) => step);
    const strikes = sampleOf(steps).filter(({ step }) => !struck.steps.has(step));
    for (const { step, kill } of strikes) {
      struck.steps.add(step);
      struck.kills.add(kill);
    }
    const { ending, failures, lost, blows } = await tryOnce({ place, scenario, strikes, usual });
    expect(differences(usual.ending, ending)).toEqual([]);
    expect({ failures, lost }).toEqual({ failures: {}, lost: 0 });
    expect(blows.filter(({ struck: hit }) => !hit)).toEqual([]);
  });
});

test('no step and no process is left out, a step that was added since included', () => {
  expect(missing(struck.steps)).toEqual([]);
  expect(struck.kills).toEqual(new Set(processes));
});
