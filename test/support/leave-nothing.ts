import { relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect } from 'vitest';
import { cleanUpFile } from './at-file-end.js';
import { leftBehind } from './left-behind.js';
import { fileVariable } from './names.js';

// For test files that start processes or containers: a file that leaves one behind fails, and says which.

/** A process that was told to end may take a moment for it. */
const processesEndWithinMs = 60_000;
const file = relative(process.cwd(), expect.getState().testPath ?? '');
// At once: some files choose names as they are loaded.
process.env[fileVariable] = file;

// Registered before any hook of the file itself, and so the last to be called.
afterAll(async () => {
  await cleanUpFile();
  const deadline = Date.now() + processesEndWithinMs;
  let left = await leftBehind(file);
  while (left.length > 0 && Date.now() < deadline) {
    await sleep(100);
    left = await leftBehind(file);
  }
  expect(left, `${file} leaves nothing behind`).toEqual([]);
});
