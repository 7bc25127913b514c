import { historyFromJSON, historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { readdir, readFile } from 'node:fs/promises';
import type { WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { beforeAll, describe, expect, test } from 'vitest';
import * as workflows from '../../src/workflows/index.js';
import { kindsOfRun, patchesOf, readRun, recordedHistories, type RecordedHistory } from '../support/histories.js';
import { historyText } from '../support/history-text.js';
import { replay, replayBundle } from '../support/replay.js';
import '../support/workflow-environment.js';

const histories = recordedHistories();

function recorded(kind: (typeof kindsOfRun)[number]): RecordedHistory {
  const found = histories.find(({ name }) => name.endsWith(`/${kind}`));
  if (!found) throw new Error(`there is no history of ${kind}`);
  return found;
}

describe('what versions have left behind', () => {
  test('is a history of every kind of run, and of every workflow that there is', () => {
    const kinds = histories.map(({ name }) => name.split('/').at(-1));
    expect(kindsOfRun.filter((kind) => !kinds.includes(kind))).toEqual([]);
    const covered = histories.map(({ json }) => readRun(json).workflow);
    expect(Object.keys(workflows).filter((workflow) => !covered.includes(workflow))).toEqual([]);
  });

  test('holds each change that is behind patched(), and a run of the same kind without it', async () => {
    const sources = await readdir(new URL('../../src/workflows', import.meta.url));
    const texts = await Promise.all(
      sources.map((file) => readFile(new URL(`../../src/workflows/${file}`, import.meta.url), 'utf8')),
    );
    const ids = texts.flatMap((text) => [...text.matchAll(/\bpatched\('([^']+)'\)/g)].map(([, id]) => id ?? ''));
    expect(ids).not.toEqual([]);
    // One that cannot be read here would be left out of this test.
    expect(texts.join().match(/\bpatched\(/g)).toHaveLength(ids.length);
    const runs = histories.map(({ json }) => ({ of: readRun(json).workflow, patches: patchesOf(json) }));
    for (const id of ids) {
      const those = runs.filter(({ patches }) => patches.includes(id)).map(({ of }) => of);
      expect(those, `runs with ${id}`).not.toEqual([]);
      const without = runs.filter(({ of, patches }) => those.includes(of) && !patches.includes(id));
      expect(without, `runs without ${id}`).not.toEqual([]);
    }
  });

  test('survives being written down and read', () => {
    for (const { json } of histories) {
      const history = historyFromJSON(json);
      expect(historyFromJSON(JSON.parse(historyToJSON(history)))).toEqual(history);
    }
  });

  test.each(histories)('tells no secret and nothing of the machine that recorded it: $name', ({ json }) => {
    const text = historyText(historyFromJSON(json));
    expect(text).not.toContain('demo-secret-key-of-this-machine');
    expect(text.match(/\/(home|root|tmp|work|var\/lib\/docker)\/[^"\s]*/g)).toBeNull();
  });
});

describe('a run that an earlier pointsman began goes on under this one, each call with the same arguments', () => {
  let bundle: WorkflowBundleWithSourceMap;
  beforeAll(async () => {
    bundle = await replayBundle();
  });

  test.each(histories)('$name', (history) => replay(history, bundle));
});

// Each of them bundles the workflows anew.
describe('a changed workflow', { timeout: 180_000 }, () => {
  const file = 'src/workflows/deploy.ts';
  const before = '    const migrates = await rehearse(story, plan);\n';
  const step = "await story.step('findLive', {});\n";

  test('without a marker is told, with the run that could not go on, what differs and what to do', async () => {
    const bundle = await replayBundle({ file, from: before, to: `    ${step}${before}` });
    await expect(replay(recorded('second-deploy'), bundle)).rejects.toThrow(
      '0.1.0/second-deploy cannot go on under this code: call 4 was backupDatabase and is findLive now.\n' +
        'A run that is under way while pointsman is upgraded would stop there, or do something else than it began.\n' +
        'Leave the old way for it and put the new one behind patched(): CONTRIBUTING.md, "Changing a workflow".\n' +
        "Temporal says: [TMPRL1100] Nondeterminism error: Activity type of scheduled event 'backupDatabase' does not " +
        "match activity type of activity command 'findLive'",
    );
    // One that never came so far goes on all the same.
    await replay(recorded('refused'), bundle);
  });

  test('with a marker lets every run go on', async () => {
    const bundle = await replayBundle({ file, from: before, to: `    if (patched('look-again')) ${step}${before}` });
    for (const history of histories) await replay(history, bundle);
  });

  test('that makes the same calls with other arguments is told too, which Temporal does not compare', async () => {
    const from = "story.step('probeSlot', { slot, release })";
    const to = "story.step('probeSlot', { slot, release: `${release}!` })";
    const bundle = await replayBundle({ file: 'src/workflows/switch-release.ts', from, to });
    await expect(replay(recorded('second-deploy'), bundle)).rejects.toThrow(
      '0.1.0/second-deploy cannot go on under this code: ' +
        'call 6, probeSlot, is made with another release: "v2" then, "v2!" now.',
    );
  });

  test('is not taken for one where there was nothing to change', async () => {
    const bundle = replayBundle({ file, from: 'await nothingOfTheKind()', to: '' });
    await expect(bundle).rejects.toThrow('src/workflows/deploy.ts has this 0 times and not once');
  });
});
