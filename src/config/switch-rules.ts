import { formatDuration } from './duration.js';
import type { FindingRule } from './finding-rule.js';

/** Each stage gives the release more requests than the one before. */
const stagesAscend: FindingRule = {
  reads: [['canary']],
  find: (draft) => {
    const stages = draft.keys.canary?.stages ?? [];
    const path = Array.isArray(draft.written(['canary'])) ? ['canary'] : ['canary', 'stages'];
    const fix = `write [${[...new Set(stages)].toSorted((one, other) => one - other).join(', ')}]`;
    return stages.flatMap((stage, at) => {
      const before = stages[at - 1];
      if (before === undefined || stage > before) return [];
      const message = stage === before ? `${stage} is there twice` : `${stage} comes after ${before}, which is more`;
      return [{ path: [...path, at], message, fix }];
    });
  },
};

/** A release must be able to fail before its time is over. */
const bakeCanFail: FindingRule = {
  reads: [['bake']],
  find: ({ keys: { bake } }) => {
    if (!bake || bake.failures * bake.window <= bake.duration) return [];
    const needed = formatDuration(bake.failures * bake.window);
    const windows = `${bake.failures} window${bake.failures === 1 ? '' : 's'} of ${formatDuration(bake.window)}`;
    const message = `${formatDuration(bake.duration)} is less than ${windows}, so nothing could switch back`;
    return [{ path: ['bake', 'duration'], message, fix: `write ${needed} or more, or a shorter window` }];
  },
};

const stagesAreJudged: FindingRule = {
  reads: [['canary'], ['bake']],
  find: ({ keys: { canary, bake } }) => {
    if (!canary || !bake || canary.pause >= bake.window) return [];
    const window = formatDuration(bake.window);
    const message = `${formatDuration(canary.pause)} is less than bake.window, so no stage would be judged`;
    return [{ path: ['canary', 'pause'], message, fix: `write ${window} or more, or a shorter bake.window` }];
  },
};

const afterCanaryNeedsOne: FindingRule = {
  reads: [['canary'], ['approval']],
  find: (draft) => {
    const { canary, approval } = draft.keys;
    if (approval?.when !== 'after-canary' || canary) return [];
    const path = typeof draft.written(['approval']) === 'string' ? ['approval'] : ['approval', 'when'];
    const fix = 'add canary: [5, 25, 50], or write before-switch';
    return [{ path, message: 'there is no canary to be asked after', fix }];
  },
};

/** What must hold of a switch in stages. */
export const switchRules: readonly FindingRule[] = [stagesAscend, bakeCanFail, stagesAreJudged, afterCanaryNeedsOne];
