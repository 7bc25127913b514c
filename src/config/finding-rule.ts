import type { Draft } from './draft.js';
import type { Rule } from './rules.js';
import type { KeyPath } from './yaml-source.js';

/** What a rule has found wrong, by the place in the file; where that is, whoever runs the rule knows. */
export interface Finding {
  readonly path: KeyPath;
  readonly message: string;
  readonly fix: string;
}

/** A rule of a section, which only looks. */
export interface FindingRule {
  readonly reads: Rule['reads'];
  readonly find: (draft: Draft) => readonly Finding[];
}
