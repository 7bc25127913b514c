import type * as adopt from './adopt.js';
import type { BackupManifest, Rehearsal, ReplicaState, RestoreResult } from './database.js';
import type { DrillRecord, InspectedRestore, ProbedRestore, RestoredReplica } from './drill.js';
import type { Finding } from './finding.js';
import type { ReleaseRecord, RollbackTarget } from './release-record.js';
import type {
  CanaryStage,
  JudgeArgs,
  JudgedWindow,
  MaintenanceArgs,
  MaintenanceSet,
  WatchArgs,
  Watched,
  WatchEnded,
} from './rollout.js';
import type { Settings } from './settings.js';
import type { Carries, StepSigned } from './signed.js';
import type { Live, Slot } from './slot.js';

/**
 * The steps of the story as the workflow sees them. Their names show in the Temporal UI and in recorded
 * histories: renaming one breaks replay (CONTRIBUTING.md, "Changing a workflow").
 *
 * Every step runs at least once: each reads the world first and does no harm when run again.
 */
export interface Activities {
  preflight(args: PreflightArgs): Promise<PreflightReport>;
  findRollbackTarget(args: FindRollbackTargetArgs): Promise<RollbackPlan>;
  fetchImages(args: ImageArgs): Promise<FetchedImage>;
  bootstrapRouter(args: StepArgs): Promise<BootstrapResult>;
  rehearseMigration(args: RehearsalArgs): Promise<Rehearsal | null>;
  holdWrites(args: HoldArgs): Promise<WritesHeld>;
  backupDatabase(args: BackupArgs): Promise<BackupManifest | null>;
  composeUpWait(args: SlotArgs): Promise<SlotStarted>;
  probeSlot(args: ProbeArgs): Promise<Probed>;
  writeRouterConfig(args: RouterConfigArgs): Promise<RouterConfigWritten>;
  reloadRouter(args: RouterConfigArgs): Promise<SwitchProven>;
  drainSlot(args: DrainArgs): Promise<Drained>;
  stopSlots(args: StopSlotsArgs): Promise<SlotsStopped>;
  cleanUp(args: CleanUpArgs): Promise<CleanedUp>;
  recordRelease(args: RecordArgs): Promise<void>;
  collectLogs(args: LogArgs): Promise<readonly LogSection[]>;
  switchBack(args: SwitchBackArgs): Promise<SwitchedBack>;
  restoreDatabase(args: RestoreArgs): Promise<RestoreResult>;
  releaseWrites(args: ReleaseWritesArgs): Promise<WritesReleased>;
  findLive(args: StepArgs): Promise<FoundLive>;
  findBackup(args: FindBackupArgs): Promise<BackupManifest>;
  restoreBackup(args: RestoreArgs): Promise<RestoreResult>;
  proveReplica(args: StepArgs): Promise<ReplicaProven | null>;
  restoreReplica(args: ScratchArgs): Promise<RestoredReplica>;
  inspectRestored(args: ScratchArgs): Promise<InspectedRestore>;
  probeRestored(args: ProbeRestoredArgs): Promise<ProbedRestore>;
  removeScratch(args: ScratchArgs): Promise<ScratchRemoved>;
  recordDrill(args: RecordDrillArgs): Promise<void>;
  watchLive(args: WatchArgs): Promise<Watched>;
  judgeTraffic(args: JudgeArgs): Promise<JudgedWindow>;
  endWatch(args: WatchArgs): Promise<WatchEnded>;
  setMaintenance(args: MaintenanceArgs): Promise<MaintenanceSet>;
  findAdoptable(args: adopt.FindAdoptableArgs): Promise<adopt.Adoptable>;
  askPaths(args: adopt.AskPathsArgs): Promise<adopt.AskedPaths>;
  writeAdoption(args: adopt.WriteAdoptionArgs): Promise<adopt.AdoptionWritten>;
  comparePaths(args: adopt.ComparePathsArgs): Promise<adopt.PathsCompared>;
  undoAdoption(args: adopt.UndoAdoptionArgs): Promise<adopt.AdoptionUndone>;
  noteSlots(args: adopt.NoteSlotsArgs): Promise<void>;
}

export interface StepArgs extends Carries<StepSigned> {
  readonly settings: Settings;
}

export interface PreflightArgs extends StepArgs {
  readonly release: string;
  /** A rollback needs no backup and no new image, so their checks are left out. */
  readonly kind: 'deploy' | 'rollback';
}

/** What preflight saw; it throws `PreflightFailed` (details: the findings) when any finding is an error. */
export interface PreflightReport {
  readonly warnings: readonly Finding[];
  /** What the router serves now; `null` on a first deploy, or when it serves no slot. */
  readonly live: Live | null;
}

export interface FindRollbackTargetArgs extends StepArgs {
  /** A certain release to go back to; `null`: the one before the live one. */
  readonly to: string | null;
}

export interface RollbackPlan {
  readonly live: Live;
  readonly target: RollbackTarget;
}

export interface ImageArgs extends StepArgs {
  readonly slot: Slot;
  readonly release: string;
  readonly image: string;
}

export interface FetchedImage {
  readonly source: 'present' | 'pulled' | 'built';
  /** The image's content digest, `sha256:…`. */
  readonly id: string;
}

export interface BootstrapResult {
  /** `kept`: there was a config already. `placeholder`: it answers 503. `live-slot`: it points at the slot that runs. */
  readonly config: 'kept' | 'placeholder' | 'live-slot';
  /** Present where a deploy that is gone had left its write hold there. */
  readonly holdEnded?: boolean;
  /** Present where a deploy that is gone had left its canary, its preview or its watch there. */
  readonly stageEnded?: boolean;
  /** What the router serves after this step. */
  readonly live: Live | null;
}

export interface BackupArgs extends StepArgs {
  /** Part of the backup's name; the same in every attempt, so that a second one finds the first one's work. */
  readonly timestamp: string;
  readonly deployId: string;
  readonly releaseFrom: string | null;
  readonly releaseTo: string;
  /** `manual`: asked for by a person, and never removed by a deploy. Absent: before a deploy. */
  readonly kind?: 'manual';
}

export interface RehearsalArgs extends ImageArgs {
  /** Names the copy and its container; the same in every attempt. */
  readonly timestamp: string;
}

export interface HoldArgs extends StepArgs {
  /** What the router serves, and goes on serving to whoever reads. */
  readonly live: Live;
  readonly timestamp: string;
}

export interface WritesHeld {
  readonly changed: boolean;
  /** When the router lets writes through again by itself, ISO 8601. */
  readonly until: string;
  /** Router workers that still had requests at `drain.timeout`, and were ended. */
  readonly cut: number;
}

export interface ReleaseWritesArgs extends StepArgs {
  readonly live: Live;
  readonly timestamp: string;
}

export interface WritesReleased {
  readonly changed: boolean;
}

export interface FoundLive {
  /** `null` when the router serves no slot. */
  readonly live: Live | null;
}

export interface FindBackupArgs extends StepArgs {
  /** Its file name. */
  readonly file: string;
}

/** The replica was restored into a scratch place and compared with the database. */
export interface ReplicaProven {
  readonly replica: ReplicaState;
  readonly bytes: number;
}

export type SlotArgs = ImageArgs;

export interface SlotStarted {
  /** Container id. */
  readonly container: string;
  readonly healthyAfterMs: number;
}

export interface ProbeArgs extends StepArgs {
  readonly slot: Slot;
  readonly release: string;
}

export interface Probed {
  readonly status: number;
  /** What the app reported in its release header; `null` where none is configured. */
  readonly release: string | null;
}

export interface RouterConfigArgs extends ProbeArgs {
  /** Names the copy of the previous config; the same in every attempt, so that it is never overwritten. */
  readonly timestamp: string;
  /** Absent: all requests go to the release. */
  readonly stage?: CanaryStage;
}

/** A worker process of nginx, told from a later one with the same pid by its start time. */
export interface RouterWorker {
  readonly pid: number;
  readonly startedAt: string;
  /** Compose service of the router that it is of; absent: the primary. */
  readonly service?: string;
}

export interface RouterConfigWritten {
  readonly changed: boolean;
  /** The workers that ran before the reload: the old slot is drained when they are gone. */
  readonly workers: readonly RouterWorker[];
}

export interface SwitchProven {
  /** Answers in a row that came from the new release, through the router. */
  readonly answers: number;
  readonly afterMs: number;
}

export interface DrainArgs extends StepArgs {
  readonly workers: readonly RouterWorker[];
}

export interface Drained {
  readonly drained: boolean;
  /** Workers that still had requests when the limit was reached, and were ended. */
  readonly remaining: number;
  /** Connections to the app that were cut with them; absent where none was, or where it cannot be told. */
  readonly cut?: number;
  readonly afterMs: number;
}

export interface StopSlotsArgs extends StepArgs {
  readonly slots: readonly Slot[];
}

export interface SlotsStopped {
  readonly stopped: readonly string[];
  /** What the router serves: it was not stopped. Absent: none of them. */
  readonly kept?: readonly string[];
}

export interface CleanUpArgs extends StepArgs {
  readonly live: Live;
  readonly timestamp: string;
}

export interface CleanedUp {
  readonly removedBackups: readonly string[];
  readonly removedImages: readonly string[];
}

export interface RecordArgs extends StepArgs {
  readonly record: ReleaseRecord;
}

export interface LogArgs extends StepArgs {
  readonly slot: Slot;
}

export interface LogSection {
  /** `app (app-green)`, `router`, `litestream`. */
  readonly title: string;
  readonly lines: readonly string[];
}

export interface SwitchBackArgs extends StepArgs {
  readonly timestamp: string;
  /** What was live before the deploy; `null`: the placeholder goes back. */
  readonly live: Live | null;
}

export interface SwitchedBack {
  readonly changed: boolean;
  readonly workers: readonly RouterWorker[];
}

export interface RestoreArgs extends StepArgs {
  readonly backup: BackupManifest;
  readonly timestamp: string;
}

export interface ScratchArgs extends StepArgs {
  /** Names the scratch volume and its containers; the same in every attempt. */
  readonly timestamp: string;
}

export interface ProbeRestoredArgs extends ScratchArgs {
  /** The release that the restored database is tried with. */
  readonly live: Live;
}

export interface ScratchRemoved {
  /** Names of the containers and volumes that are gone. */
  readonly removed: readonly string[];
}

export interface RecordDrillArgs extends StepArgs {
  readonly record: DrillRecord;
}
