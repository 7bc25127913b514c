import type { Settings } from './settings.js';

/** Input of the `deploy` workflow. One object with optional fields only ever added, so that old ones stay valid. */
export interface DeployInput {
  readonly settings: Settings;
  readonly release: string;
  /** Who asked: a CI job or `user@host`. */
  readonly requestedBy: string;
  readonly reason: string | null;
}

/** Input of the `rollback` workflow. */
export interface RollbackInput {
  readonly settings: Settings;
  /** Release to go back to; `null`: the one before the live one. */
  readonly to: string | null;
  readonly requestedBy: string;
  readonly reason: string | null;
}

/** Input of the `backup` workflow. */
export interface BackupInput {
  readonly settings: Settings;
  readonly requestedBy: string;
  readonly reason: string | null;
}

/** Input of the `restore` workflow: a person's decision, after a look at what it means. */
export interface RestoreInput {
  readonly settings: Settings;
  /** File name of the backup. */
  readonly backup: string;
  readonly requestedBy: string;
  readonly reason: string | null;
}

/** Input of the `drill` workflow. */
export interface DrillInput {
  readonly settings: Settings;
  readonly requestedBy: string;
  readonly reason: string | null;
}

/** Answer to a deploy that needs attention. */
export interface AttentionAnswer {
  readonly action: 'retry' | 'skip';
  readonly by: string;
  readonly reason: string;
}
