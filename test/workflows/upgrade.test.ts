import { randomUUID } from 'node:crypto';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { deploy } from '../../src/workflows/index.js';
import { wellBehaved } from '../support/fake-activities.js';
import type { RecordedHistory } from '../support/histories.js';
import type { SourceChange } from '../support/next-build.js';
import { replay, replayBundle } from '../support/replay.js';
import { settings } from '../support/settings.js';
import { timeSkipping } from '../support/workflow-environment.js';

/** What CONTRIBUTING.md does to the deploy from one release to the next, with a step that there is already. */
const releases = {
  '0.1': [],
  '0.2': become("    if (patched('check-disk')) await story.step('findLive', {});\n"),
  '0.3': become("    deprecatePatch('check-disk');\n    await story.step('findLive', {});\n"),
  '0.4': become("    await story.step('findLive', {});\n"),
} as const;

type Release = keyof typeof releases;

function become(lines: string): SourceChange[] {
  const file = 'src/workflows/deploy.ts';
  const place = '    const migrates = await rehearse(story, plan);\n';
  const imports = 'ApplicationFailure, patched }';
  return [
    { file, from: imports, to: 'ApplicationFailure, deprecatePatch, patched }' },
    { file, from: place, to: `${lines}${place}` },
  ];
}

type Bundle = Awaited<ReturnType<typeof replayBundle>>;

let environment: TestWorkflowEnvironment;
const bundles = new Map<Release, Bundle>();
const begun = new Map<Release, RecordedHistory>();

beforeAll(async () => {
  environment = await timeSkipping();
  for (const release of Object.keys(releases) as Release[]) {
    const bundle = await replayBundle(...releases[release]);
    bundles.set(release, bundle);
    begun.set(release, await deployUnder(release, bundle));
  }
});
afterAll(() => environment?.teardown());

/** The history of a deploy that a worker of this release has run. */
async function deployUnder(release: Release, workflowBundle: Bundle): Promise<RecordedHistory> {
  const taskQueue = `upgrade-${randomUUID()}`;
  const worker = await Worker.create({
    ...{ connection: environment.nativeConnection, namespace: environment.namespace ?? 'default', taskQueue },
    ...{ workflowBundle, activities: wellBehaved({ slot: 'blue', release: 'v1' }) },
    sinks: { askedFor: { call: { fn: () => undefined } } },
  });
  return worker.runUntil(async () => {
    const handle = await environment.client.workflow.start<typeof deploy>('deploy', {
      ...{ taskQueue, workflowId: randomUUID() },
      args: [{ settings, release: 'v2', requestedBy: 'ada@laptop', reason: null }],
    });
    await handle.result();
    return { name: `begun under ${release}`, json: JSON.parse(historyToJSON(await handle.fetchHistory())) as unknown };
  });
}

const table: [Release, Release[], Release[]][] = [
  ['0.2', ['0.1', '0.2'], []],
  ['0.3', ['0.2', '0.3'], ['0.1']],
  ['0.4', ['0.3', '0.4'], ['0.1', '0.2']],
];

test.each(table)(
  'the step that %s has goes on with runs begun under %j and not with those of %j',
  async (release, goesOn, stops) => {
    const bundle = bundles.get(release) as Bundle;
    for (const one of goesOn) await replay(begun.get(one) as RecordedHistory, bundle);
    for (const one of stops) {
      await expect(replay(begun.get(one) as RecordedHistory, bundle)).rejects.toThrow(
        `begun under ${one} cannot go on under this code: `,
      );
    }
  },
);
