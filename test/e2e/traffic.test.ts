import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildTrafficImages, removeTrafficImages } from '../../bench/switch/app-images.js';
import { failuresOf } from '../../bench/switch/accounting.js';
import type { Kind } from '../../bench/switch/kinds.js';
import { Load } from '../../bench/switch/load.js';
import { RowKeeper } from '../../bench/switch/rows.js';
import { runUnderTraffic, sampleText, type RunResult } from '../../bench/switch/run.js';
import { prepare, scenarioOf } from '../../bench/switch/scenarios.js';
import { groupedBy, totalsOf } from '../../bench/switch/totals.js';
import { Playground } from '../support/playground.js';

let place: Playground;
let load: Load;
let keeper: RowKeeper;

beforeAll(async () => {
  await buildTrafficImages();
  place = await Playground.create();
  await prepare(place, { releases: ['v1'] });
  keeper = new RowKeeper(place);
  // Far below what the machine can serve: this is about how requests end, and not about how many there can be.
  load = new Load({ port: place.port, rate: 0.3 });
});
afterAll(async () => {
  await load?.stop();
  await place?.[Symbol.asyncDispose]();
  await removeTrafficImages();
});

async function run(name: string, { last = false } = {}): Promise<RunResult> {
  const scenario = scenarioOf(name);
  const result = await runUnderTraffic({
    place,
    scenario,
    load,
    keeper,
    machine: 'this one',
    requests: 500,
    last: () => last,
  });
  expect(result.exitCode, result.said).toBe(scenario.exitCode);
  return result;
}

const everyKind: readonly Kind[] = [
  ...(['kept GET', 'kept POST', 'new GET', 'new POST', 'slow', 'download', 'events', 'websocket', 'message'] as const),
];

/** How many of each kind were as they should be, or not, in any way; kinds that saw nothing stand out as missing. */
function failedByKind({ cells }: RunResult): Partial<Record<Kind, number>> {
  return Object.fromEntries(
    [...groupedBy(cells, ({ kind }) => kind)].map(([kind, own]) => [kind, totalsOf(own).failed]),
  );
}

const noFailures = Object.fromEntries(everyKind.map((kind) => [kind, 0]));

// `npm run bench:traffic` makes 90 of them; this is one of each.
test('a deploy cuts no request, download, stream of events or WebSocket, and loses no row', async () => {
  const result = await run('deploy');
  expect(failuresOf(result).map(sampleText)).toEqual([]);
  expect(failedByKind(result)).toEqual(noFailures);
  expect(result.rows).toMatchObject({ present: result.rows.acknowledged, aside: 0, lost: [] });
  expect(Object.keys(totalsOf(result.cells).releases).sort()).toEqual(['v1', 'v2']);
});

test('neither does a deploy that migrates, fails and is undone; rows between backup and restore are kept aside', async () => {
  const result = await run('failed');
  expect(failuresOf(result).map(sampleText)).toEqual([]);
  expect(failedByKind(result)).toEqual(noFailures);
  const { acknowledged, present, aside, lost } = result.rows;
  expect({ kept: present + aside, lost }).toEqual({ kept: acknowledged, lost: [] });
  expect(Object.keys(totalsOf(result.cells).releases)).toEqual([result.from?.release]);
});

test('neither does a rollback', async () => {
  const result = await run('rollback', { last: true });
  expect(failuresOf(result).map(sampleText)).toEqual([]);
  expect(failedByKind(result)).toEqual(noFailures);
  expect(result.rows).toMatchObject({ present: result.rows.acknowledged, aside: 0, lost: [] });
  expect(result.to?.release).not.toBe(result.from?.release);
});
