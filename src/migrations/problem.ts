import type { MigrationRule, MigrationRuleName } from './rules.js';

/** A file that holds migrations. */
export interface MigrationFile {
  /** As it is shown: relative to the project's directory. Its ending tells the language. */
  readonly path: string;
  readonly text: string;
}

/** One thing in a migration that breaks the batch. Lines and columns count from 1, columns in UTF-16 units. */
export interface MigrationProblem extends MigrationRule {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly rule: MigrationRuleName;
  /** What is written there, on one line and cut to 60 characters. */
  readonly statement: string;
}

/** A part of a text, by offsets. */
export interface Span {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

/** Something that a rule applies to; where it is reported and where a comment may allow it. */
export interface Hit extends Span {
  readonly rule: MigrationRuleName;
  /** Where a comment counts as one about it, when that is more than itself: the call that a statement lies in. */
  readonly around?: Span;
  /** Where to point at, when that is not its beginning: where the parser stopped. */
  readonly at?: number;
}
