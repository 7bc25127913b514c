import { execa } from 'execa';
import { expect, test } from 'vitest';
import { imageRepository } from '../support/playground.js';

test("the example app's own tests pass in its image, the failing third migration among them", async () => {
  const argv = [
    'run',
    '--rm',
    '--network',
    'none',
    `${imageRepository}:v1`,
    'python',
    '-m',
    'unittest',
    'discover',
    '-v',
    '-s',
    'tests',
    '-t',
    '.',
  ];
  const { exitCode, all } = await execa('docker', argv, { all: true, reject: false });
  expect(all).toContain('test_a_failing_third_migration_leaves_none_of_the_batch_applied');
  expect(all).toMatch(/Ran \d+ tests .*\n\nOK/s);
  expect(exitCode).toBe(0);
});
