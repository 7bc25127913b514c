import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { flawOf, numbersOf } from '../bench/fuzz/target.js';
import { targetsIn } from '../bench/fuzz/targets.js';

const directory = mkdtempSync(join(tmpdir(), 'pointsman-fuzz-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test.each(targetsIn(directory))('whatever stands in it, $name is read, or refused in words', async (target) => {
  const seed = Number(process.env['POINTSMAN_TEST_SEED'] ?? 7);
  for (let number = 1; number <= 150; number += 1) {
    const flaw = await flawOf(target, target.input(numbersOf(seed, number)));
    expect(flaw, `POINTSMAN_TEST_SEED=${seed}, input ${number}`).toBeNull();
  }
});
