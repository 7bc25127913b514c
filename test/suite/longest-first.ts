import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Seconds that a file took when it was last measured: `npm run test:times` writes those of the last whole run. */
const measured = JSON.parse(readFileSync(new URL('times.json', import.meta.url), 'utf8')) as Record<string, number>;

/** Of a file that nobody has measured yet. It begins early, so that a long one is not the last that all wait for. */
const unknownSeconds = 60;

/**
 * Starts the longest files first, whatever project they belong to, so that none is begun when all others have ended.
 * The order is the same on every machine: it depends on no cache.
 */
export class LongestFirst extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const key = (spec: TestSpecification): [number, number, string] => {
      const file = relative(this.ctx.config.root, spec.moduleId);
      return [spec.project.config.sequence.groupOrder, -(measured[file] ?? unknownSeconds), file];
    };
    const keyed = files.map((spec) => ({ spec, key: key(spec) }));
    keyed.sort((a, b) => a.key[0] - b.key[0] || a.key[1] - b.key[1] || (a.key[2] < b.key[2] ? -1 : 1));
    return Promise.resolve(keyed.map(({ spec }) => spec));
  }
}
