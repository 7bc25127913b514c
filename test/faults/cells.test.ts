import { describe, expect, test } from 'vitest';
import {
  absences,
  cellsOf,
  commandOf,
  elsewhere,
  missing,
  moments,
  processes,
  sampleOf,
  selected,
} from '../../bench/faults/cells.js';
import { stepWords } from '../../src/model/step-words.js';

const deploySteps = ['preflight', 'composeUpWait', 'reloadRouter', 'drainSlot', 'stopSlots', 'recordRelease'];

describe('the cells of a scenario', () => {
  const cells = cellsOf('deploy', deploySteps);

  test('strike every process before, in the middle of and after every step, and take the worker away at each', () => {
    for (const step of deploySteps) {
      for (const kill of [...processes, ...absences]) {
        const found = cells.filter((cell) => cell.step === step && cell.kill === kill).map(({ at }) => at);
        expect(found).toEqual([...moments]);
      }
    }
  });

  test('strike what a step has to do with at that step, and Compose only while it runs', () => {
    const at = (kill: string): string[] =>
      cells.filter((cell) => cell.kill === kill).map((cell) => `${cell.at} ${cell.step}`);
    expect(at('compose')).toEqual(['middle composeUpWait', 'middle stopSlots']);
    expect(at('slot')).toContain('after composeUpWait');
    expect(at('slot')).not.toContain('middle recordRelease');
  });

  test('tell a step from the same step later in the run', () => {
    const twice = cellsOf('failing-deploy', ['stopSlots', 'collectLogs', 'stopSlots']);
    expect(new Set(twice.filter(({ step }) => step === 'stopSlots').map(({ nth }) => nth))).toEqual(new Set([1, 2]));
    expect(new Set(twice.map((cell) => JSON.stringify(cell))).size).toBe(twice.length);
  });

  test('have a step that nobody has heard of, too', () => {
    expect(cellsOf('deploy', ['sendPostcard'])).toHaveLength((processes.length + absences.length) * moments.length);
  });
});

describe('the steps that no scenario has', () => {
  const all = Object.keys(stepWords);

  test('are named, so that a new step is not left out in silence', () => {
    const deployed = all.filter((step) => !(step in elsewhere));
    expect(missing(deployed)).toEqual([]);
    expect(missing(deployed.filter((step) => step !== 'switchBack'))).toEqual(['switchBack']);
  });
});

describe('what is asked for', () => {
  const cells = cellsOf('deploy', deploySteps);

  test('is one cell where step, process and moment are given', () => {
    const [cell, ...others] = selected(cells, { step: 'composeUpWait', kill: 'worker', at: 'middle' });
    expect(others).toEqual([]);
    expect(cell && commandOf(cell)).toBe(
      'npm run faults -- --scenario deploy --step composeUpWait --kill worker --at middle',
    );
  });

  test('never restarts the engine unless it is named', () => {
    expect(selected(cells, {}).some(({ kill }) => kill === 'dockerd')).toBe(false);
    expect(selected(cells, { kill: 'dockerd' }).length).toBeGreaterThan(0);
  });
});

describe('the sample', () => {
  test('strikes every step once, with every process, at every moment', () => {
    const strikes = sampleOf([...deploySteps, 'stopSlots', 'cleanUp', 'collectLogs']);
    expect(strikes.map(({ step, nth }) => `${step} ${nth}`)).toEqual([
      ...deploySteps.map((step) => `${step} 1`),
      ...['stopSlots 2', 'cleanUp 1', 'collectLogs 1'],
    ]);
    expect(new Set(strikes.map(({ kill }) => kill))).toEqual(new Set(processes));
    expect(new Set(strikes.map(({ at }) => at))).toEqual(new Set(moments));
  });

  test('ends the command once only: it is not there any more after that', () => {
    expect(sampleOf(deploySteps, 1).filter(({ kill }) => kill === 'cli')).toHaveLength(1);
  });
});
