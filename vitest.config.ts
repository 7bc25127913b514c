import { defineConfig } from 'vitest/config';

/**
 * Four projects, from fast to slow, one after the other. Those that use real engines run two files at a time: each has
 * a project, ports and a Temporal of its own, and mostly waits for containers. More would only wait for the two cores
 * that they are made for, and measure each other.
 */
const twoAtATime = { maxWorkers: 2 };
const shared = { restoreMocks: true, unstubEnvs: true, setupFiles: ['test/support/plain-output.ts'] };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...shared,
          name: 'unit',
          // Those of the database start a dozen processes each, and the first projects run side by side.
          testTimeout: 30_000,
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.docker.test.ts', 'test/workflows/**', 'test/e2e/**'],
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...shared,
          name: 'workflows',
          include: ['test/workflows/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...shared,
          name: 'docker',
          include: ['test/**/*.docker.test.ts'],
          exclude: ['test/e2e/**'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          ...twoAtATime,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          ...shared,
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/support/e2e-setup.ts'],
          setupFiles: [...shared.setupFiles, 'test/support/command-matchers.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          ...twoAtATime,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
