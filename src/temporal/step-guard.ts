import { linkSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { ActivityInboundCallsInterceptor, ActivityInterceptorsFactory } from '@temporalio/worker';
import type { FailureType } from '../model/failure.js';
import type { StartSigned, StepSigned } from '../model/signed.js';
import type { SigningKey } from './signing-key.js';

const dayMs = 86_400_000;

/** A request is older than this only where somebody has kept it: a run starts within seconds of it. */
const startsWithinMs = 7 * dayMs;

/** What a step says of itself, and where it really is. */
export interface Called {
  readonly activityType: string;
  readonly workflowType: string;
  readonly workflowId: string;
  readonly runId: string;
}

/**
 * Lets a worker take only steps that somebody who may ask has asked for: those of a run of ours that was started by a signed
 * request, each request for one run. What began before there was a key is let through by its run's id.
 */
export class StepGuard {
  private readonly directory: string;
  private readonly unsigned: ReadonlySet<string>;
  /** Requests by their ids, and the runs that they have started. */
  private readonly started = new Map<string, string>();

  /** @param stateDirectory of the worker, which no other user can write. */
  constructor(stateDirectory: string, key: SigningKey) {
    this.directory = join(stateDirectory, 'started');
    this.unsigned = new Set(readUnsigned(stateDirectory, key));
  }

  /** Why a step is not taken; `null`: it may be. */
  refusal(called: Called, signed: StepSigned | null | undefined, now = Date.now()): string | null {
    if (this.unsigned.has(called.runId)) return null;
    if (!signed || signed.for !== 'step' || signed.runId !== called.runId || signed.step !== called.activityType) {
      return 'it was not asked for by a run of pointsman';
    }
    return this.refusalOfStart(called, signed.start, now);
  }

  private refusalOfStart({ workflowType, workflowId, runId }: Called, start: StartSigned | null, now: number) {
    if (!start) return 'nobody who has the key has asked for its run';
    if (start.workflowType !== workflowType || start.workflowId !== workflowId)
      return 'its run is not what was asked for';
    if (start.for === 'schedule') return null;
    const owner = this.runOf(start, runId, now);
    if (owner === null) return `its run was asked for more than ${startsWithinMs / dayMs} days ago`;
    return owner === runId ? null : 'what was asked for has been done already, by another run';
  }

  /** The one run that a request starts: the first that says so. `null`: it is too old for a new one. */
  private runOf({ id, at }: StartSigned, runId: string, now: number): string | null {
    const known = this.started.get(id);
    if (known) return known;
    const fresh = Math.abs(now - at) <= startsWithinMs;
    const owner = fresh ? this.claim(id, runId, now) : this.recorded(id);
    if (owner) this.started.set(id, owner);
    return owner;
  }

  private claim(id: string, runId: string, now: number): string {
    mkdirSync(this.directory, { recursive: true, mode: 0o700 });
    const beside = join(this.directory, `${runId}.new`);
    writeFileSync(beside, runId, { mode: 0o600 });
    try {
      // With its content at once, and for the first one only.
      linkSync(beside, this.fileOf(id));
      this.forgetOld(now);
      return runId;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      return this.recorded(id) ?? '';
    } finally {
      rmSync(beside, { force: true });
    }
  }

  private recorded(id: string): string | null {
    try {
      return readFileSync(this.fileOf(id), 'utf8');
    } catch {
      return null;
    }
  }

  /** A request that is this old starts nothing any more, so nobody has to know that it did. A run that waits for a person may last. */
  private forgetOld(now: number): void {
    for (const name of readdirSync(this.directory)) {
      const path = join(this.directory, name);
      if (now - statSync(path).mtimeMs > 10 * startsWithinMs) rmSync(path, { force: true });
    }
  }

  private fileOf(id: string): string {
    return join(this.directory, encodeURIComponent(id).slice(0, 200));
  }
}

/** The guard in a worker: a step that is refused fails its run, with the reason, and is told in the worker's log. */
export function guarded(guard: StepGuard): ActivityInterceptorsFactory {
  return (context) => {
    const inbound: ActivityInboundCallsInterceptor = {
      async execute(input, next) {
        const [{ signed, ...args }] = input.args as [{ readonly signed?: StepSigned | null }];
        const reason = guard.refusal(calledIn(context), signed);
        if (reason === null) return next({ ...input, args: [args] });
        const message = `${context.info.activityType} is not done: ${reason}`;
        context.log.warn(message);
        const type: FailureType = 'NotAllowed';
        throw ApplicationFailure.nonRetryable(message, type);
      },
    };
    return { inbound };
  };
}

function calledIn({ info }: Context): Called {
  const { activityType, workflowType, workflowExecution } = info;
  return {
    activityType,
    workflowType: workflowType ?? '',
    workflowId: workflowExecution?.workflowId ?? '',
    runId: workflowExecution?.runId ?? '',
  };
}

/** Notes the runs that began before there was a key. */
export function noteUnsigned(stateDirectory: string, key: SigningKey, runIds: readonly string[]): void {
  writeFileSync(unsignedFile(stateDirectory, key), JSON.stringify(runIds), { mode: 0o600 });
}

/** Whether {@link noteUnsigned} has been called for this key. */
export function knowsUnsigned(stateDirectory: string, key: SigningKey): boolean {
  return readUnsigned(stateDirectory, key, null) !== null;
}

function readUnsigned(stateDirectory: string, key: SigningKey): readonly string[];
function readUnsigned(stateDirectory: string, key: SigningKey, otherwise: null): readonly string[] | null;
function readUnsigned(stateDirectory: string, key: SigningKey, otherwise: null | readonly string[] = []) {
  try {
    return JSON.parse(readFileSync(unsignedFile(stateDirectory, key), 'utf8')) as string[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return otherwise;
    throw error;
  }
}

function unsignedFile(stateDirectory: string, key: SigningKey): string {
  return join(stateDirectory, `unsigned-runs-${key.id}.json`);
}
