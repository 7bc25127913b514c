import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/suite/longest-first.js';
import { SummaryReporter } from './test/suite/summary.js';

/**
 * Files at a time where they mostly wait: for containers, for a server, for a timer. Measured on two cores and 24 GiB
 * (CONTRIBUTING.md): slow processors are nine tenths busy then. `POINTSMAN_TEST_WORKERS` changes it for one run.
 */
const waiting = { maxWorkers: Number(process.env['POINTSMAN_TEST_WORKERS'] ?? 2) };
const computing = { maxWorkers: availableParallelism() };

/**
 * Files share the modules that they import with those that the same process has run before: to load them anew takes one to
 * three seconds of a processor for each file. What a test changes outside of its own file, it has to put back.
 */
const shared = { isolate: false, restoreMocks: true, unstubEnvs: true, setupFiles: ['test/support/plain-output.ts'] };
const starting = [...shared.setupFiles, 'test/support/leave-nothing.ts'];

/** First the files that compute, then all that wait, of whatever project, the longest first. */
const afterUnit = { groupOrder: 1 };

export default defineConfig({
  test: {
    reporters: ['default', new SummaryReporter()],
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          ...shared,
          name: 'unit',
          // Those of the database start a dozen processes each, and the first projects run side by side.
          testTimeout: 30_000,
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.docker.test.ts', 'test/workflows/**', 'test/e2e/**'],
          ...computing,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...shared,
          name: 'workflows',
          include: ['test/workflows/**/*.test.ts'],
          globalSetup: ['test/support/workflows-setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          ...waiting,
          sequence: afterUnit,
        },
      },
      {
        test: {
          ...shared,
          name: 'docker',
          include: ['test/**/*.docker.test.ts'],
          exclude: ['test/e2e/**'],
          setupFiles: starting,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          ...waiting,
          sequence: afterUnit,
        },
      },
      {
        test: {
          ...shared,
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/support/e2e-setup.ts'],
          setupFiles: [...starting, 'test/support/show-commands.ts', 'test/support/command-matchers.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          ...waiting,
          sequence: afterUnit,
        },
      },
    ],
  },
});
