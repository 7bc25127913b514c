import type { FoundLive, LogSection } from './activities.js';
import type { BackupManifest, RestoreResult } from './database.js';
import type { DrillReport } from './drill.js';
import type { RunKind } from './run-kind.js';
import type { Live, Slot } from './slot.js';

export type StepState = 'running' | 'done' | 'failed' | 'skipped';

/** One line of the story, as it stands now. Times are milliseconds since 1970, by the workflow's clock. */
export interface StepProgress {
  /** The activity's name. */
  readonly name: string;
  readonly kind: 'step' | 'compensation';
  readonly state: StepState;
  readonly summary: string;
  /** What came of it, in a few words. */
  readonly note: string | null;
  /** What a program of the app's own wrote, without secrets. Absent: there is none to show. */
  readonly lines?: readonly string[];
  readonly startedAt: number;
  readonly endedAt: number | null;
}

export type Phase =
  'deploying' | 'waiting-for-approval' | 'canary' | 'baking' | 'compensating' | 'needs-attention' | 'ended';

/** A deploy that waits for a person's yes or no. */
export interface PendingApproval {
  readonly when: 'before-switch' | 'after-canary';
  readonly since: number;
  /** When `otherwise` is the answer, milliseconds since 1970. */
  readonly deadline: number;
  readonly otherwise: 'abort' | 'approve';
}

/** A compensation that could not finish and waits for a person. */
export interface Attention {
  readonly step: string;
  readonly error: string;
  readonly since: number;
  /** What the router serves since then; `null` where it could not be asked, absent in runs of earlier versions. */
  readonly found?: FoundLive | null;
}

/** What the `progress` query answers, and what the result or failure of the workflow carries at its end. */
export interface Progress {
  readonly kind: RunKind;
  readonly project: string;
  readonly environment: string;
  /** `null` until a rollback has found what it goes back to; for a backup, restore or drill, what is live. */
  readonly release: string | null;
  readonly slot: Slot | null;
  readonly requestedBy: string;
  readonly startedAt: number;
  readonly phase: Phase;
  /** What was live when it began. */
  readonly liveBefore: Live | null;
  readonly steps: readonly StepProgress[];
  readonly attention: Attention | null;
  /** Present while a person is asked. */
  readonly approval?: PendingApproval;
  readonly warnings: readonly string[];
}

/** The result of a `maintenance`. */
export interface MaintenanceResult {
  readonly progress: Progress;
  readonly live: Live | null;
}

/** The result of an `adopt`. */
export interface AdoptResult {
  readonly progress: Progress;
  readonly live: Live;
}

/** The result of a deploy or rollback that succeeded. */
export interface DeployResult {
  readonly progress: Progress;
  readonly live: Live;
}

/** The result of a `backup`. */
export interface BackupResult {
  readonly progress: Progress;
  /** `null`: there is no database yet. */
  readonly backup: BackupManifest | null;
}

/** The result of a `restore`. */
export interface RestoreRunResult {
  readonly progress: Progress;
  readonly restored: RestoreResult;
}

/** The result of a `recover`. */
export interface RecoverResult {
  readonly progress: Progress;
  readonly live: Live | null;
}

/** The result of a `drill`. */
export interface DrillResult {
  readonly progress: Progress;
  readonly report: DrillReport;
}

/** Details of the workflow's failure: everything that the CLI shows without asking again. */
export interface DeployFailureDetails {
  readonly progress: Progress;
  /** Name of the step that failed; `null` when it was cancelled between two steps. */
  readonly failedStep: string | null;
  readonly cancelled: boolean;
  readonly undone: readonly string[];
  readonly skipped: readonly string[];
  readonly logs: readonly LogSection[];
}
