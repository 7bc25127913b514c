import { expect, test } from 'vitest';
import { scriptSteps } from '../../bench/switch/compare/contenders.js';
import { coveredMs, ratiosTo, type RoundResult } from '../../bench/switch/compare/report.js';
import { reloadsOf, stepsOf } from '../../bench/switch/steps.js';

test('steps that ended are read from what --json prints, whatever else is among it', () => {
  const ended = { name: 'reloadRouter', kind: 'step', state: 'done', startedAt: 1000, endedAt: 1500 };
  const output = [
    'no worker answers; the deploy waits for one',
    JSON.stringify({ event: 'step', ...ended, summary: 'reload', note: null }),
    JSON.stringify({ event: 'step', ...ended, state: 'running', endedAt: null }),
    JSON.stringify({ event: 'end', outcome: 'succeeded' }),
  ].join('\n');
  expect(stepsOf(output)).toEqual([ended]);
  expect(reloadsOf(stepsOf(output))).toEqual([1000]);
});

test("each of the script's steps lasts until the next one begins", () => {
  const said = '1795705736000 preflight\nsomething else\n1795705736900 backup\n1795705738000 end\n';
  expect(scriptSteps(said).map(({ name, startedAt, endedAt }) => [name, endedAt - startedAt])).toEqual([
    ['preflight', 900],
    ['backup', 1100],
  ]);
});

test('wall times are compared round by round', () => {
  const round = (contender: string, tookMs: number) => ({ contender, tookMs }) as RoundResult;
  const results = [round('pointsman', 11), round('script', 10), round('pointsman', 30), round('script', 20)];
  expect(ratiosTo(results, 'pointsman', 'script')).toEqual([1.1, 1.5]);
});

test('what two steps share of the time is counted once, and a gap between them not at all', () => {
  const step = (startedAt: number, endedAt: number) => ({ startedAt, endedAt });
  expect(coveredMs([step(100, 400), step(200, 300), step(350, 500), step(700, 800)])).toBe(500);
});
