import { defineConfig } from 'vitest/config';

/**
 * Four projects, from fast to slow. Those that use real engines run one file at a time: they share two
 * cores and one Docker engine with the deploys that they measure.
 */
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
          fileParallelism: false,
        },
      },
      {
        test: {
          ...shared,
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/support/e2e-setup.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
