import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { expect, test } from 'vitest';
import * as workflows from '../../src/workflows/index.js';
import { workflowBundle } from '../support/workflow-environment.js';

test('the workflows bundle for Temporal’s sandbox', async () => {
  expect(await readFile(workflowBundle.codePath, 'utf8')).toContain('composeUpWait');
});

test('exactly the workflows that a CLI may start are exported', () => {
  expect(Object.keys(workflows).sort()).toEqual([
    'adopt',
    'backup',
    'deploy',
    'drill',
    'maintenance',
    'queue',
    'recover',
    'restore',
    'rollback',
    'scheduledDrill',
  ]);
});

test('a workflow that reaches for Node is refused by the bundler: the check can fail', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'pointsman-bundle-'));
  const workflowsPath = join(directory, 'bad.ts');
  await writeFile(
    workflowsPath,
    "import { readFileSync } from 'node:fs';\nexport const bad = async () => readFileSync('/etc/hostname');\n",
  );
  await expect(
    bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR', () => undefined) }),
  ).rejects.toThrow();
  await rm(directory, { recursive: true });
});
