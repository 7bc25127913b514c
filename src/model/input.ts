import type { EndedOutside } from './ended-outside.js';
import type { Settings } from './settings.js';
import type { AnswerSigned, Carries, StartSigned } from './signed.js';

/** Input of the `deploy` workflow. One object with optional fields only ever added, so that old ones stay valid. */
export interface DeployInput extends Carries<StartSigned> {
  readonly settings: Settings;
  readonly release: string;
  /** Who asked: a CI job or `user@host`. */
  readonly requestedBy: string;
  readonly reason: string | null;
  /** Whoever asks approves it already (`--yes`): nobody is waited for. */
  readonly approved?: boolean;
}

/** Input of the `rollback` workflow. */
export interface RollbackInput extends Carries<StartSigned> {
  readonly settings: Settings;
  /** Release to go back to; `null`: the one before the live one. */
  readonly to: string | null;
  readonly requestedBy: string;
  readonly reason: string | null;
}

/** Input of the `backup` workflow. */
export interface BackupInput extends Carries<StartSigned> {
  readonly settings: Settings;
  readonly requestedBy: string;
  readonly reason: string | null;
}

/** Input of the `restore` workflow: a person's decision, after a look at what it means. */
export interface RestoreInput extends Carries<StartSigned> {
  readonly settings: Settings;
  /** File name of the backup. */
  readonly backup: string;
  readonly requestedBy: string;
  readonly reason: string | null;
}

/** Input of the `recover` workflow. */
export interface RecoverInput extends Carries<StartSigned> {
  readonly settings: Settings;
  /** What was left, as the history of the run that was ended tells it. */
  readonly ended: EndedOutside;
  /** What a person has decided about the database: put it back by the rule of the settings, or leave it. */
  readonly database: 'restore' | 'keep';
  readonly requestedBy: string;
  readonly reason: string | null;
}

/** Input of the `drill` workflow. */
export interface DrillInput extends Carries<StartSigned> {
  readonly settings: Settings;
  readonly requestedBy: string;
  readonly reason: string | null;
}

/** Input of the `maintenance` workflow. */
export interface MaintenanceInput extends Carries<StartSigned> {
  readonly settings: Settings;
  readonly on: boolean;
  readonly requestedBy: string;
  readonly reason: string | null;
}

/** Input of the `adopt` workflow: a person's decision, after a look at what it means. */
export interface AdoptInput extends Carries<StartSigned> {
  /** As `pointsman.yml` says, with the keys that the adopt adds to it. */
  readonly settings: Settings;
  /** Digest of the plan that was shown: another one is not carried out. */
  readonly shown: string;
  /** The live release, where a person has named it. */
  readonly named: string | null;
  /** Paths whose answers must be the same before and after. */
  readonly paths: readonly string[];
  /** Keys of `router` in `pointsman.yml` that take the place of a directive, as they are written there. */
  readonly keys: Readonly<Record<string, string>>;
  readonly requestedBy: string;
  readonly reason: string | null;
}

/** Answer to a deploy that waits for approval. */
export interface ApprovalAnswer extends Carries<AnswerSigned> {
  readonly answer: 'approve' | 'abort';
  readonly by: string;
  /** May be empty for `approve`. */
  readonly reason: string;
  /** The release that was looked at: the answer counts for no other. Absent: for whatever waits. */
  readonly release?: string;
}

/** What is wrong with an answer that may have been written by hand; `null`: nothing. A yes may lack its reason. */
export function wrongAnswer(given: unknown): string | null {
  const { answer, by, reason, release } = (given ?? {}) as Partial<Record<keyof ApprovalAnswer, unknown>>;
  if (answer !== 'approve' && answer !== 'abort') return 'the answer must be "approve" or "abort"';
  if (!isText(by)) return 'it must say who answers ("by")';
  if (answer === 'abort' && !isText(reason)) return 'abort needs a reason';
  if (typeof (release ?? '') !== 'string') return 'the release must be text';
  return typeof (reason ?? '') === 'string' ? null : 'the reason must be text';
}

/** Text that says something. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '';
}

/** Answer to a deploy that needs attention. */
export interface AttentionAnswer extends Carries<AnswerSigned> {
  readonly action: 'retry' | 'skip';
  readonly by: string;
  readonly reason: string;
  /** The compensation that was looked at: the answer counts for no other. Absent: for whatever waits. */
  readonly step?: string;
}

/** As {@link wrongAnswer}, of an answer to what needs attention. A retry may lack its reason. */
export function wrongAttentionAnswer(given: unknown): string | null {
  const { action, by, reason, step } = (given ?? {}) as Partial<Record<keyof AttentionAnswer, unknown>>;
  if (action !== 'retry' && action !== 'skip') return 'the action must be "retry" or "skip"';
  if (!isText(by)) return 'it must say who answers ("by")';
  if (action === 'skip' && !isText(reason)) return 'skip needs a reason';
  if (typeof (step ?? '') !== 'string') return 'the step must be text';
  return typeof (reason ?? '') === 'string' ? null : 'the reason must be text';
}

/** An answer, and the compensation that it was given to. */
export interface Decision extends Omit<AttentionAnswer, 'signed'> {
  readonly step: string;
}
