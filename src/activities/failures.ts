import { ApplicationFailure } from '@temporalio/common';
import { ToolError } from '../database/tool-error.js';
import { whyEngineIsAway } from '../docker/engine-away.js';
import { whyEngineRefused } from '../docker/engine-refusal.js';
import { EngineWentAwayError } from '../docker/engine-watch.js';
import { brokeOff } from '../hosts/broken-off.js';
import { CommandError } from '../hosts/command-error.js';
import { OvertakenError } from '../hosts/fence.js';
import { SshError } from '../hosts/ssh/error.js';
import type { FailureType } from '../model/failure.js';
import type { Finding } from '../model/finding.js';
import { RouterConfigError } from '../router/nginx.js';
import { RouterDownError } from '../router/live-slot.js';
import { SwitchNotProvenError } from '../router/proof.js';

/** A failure of the closed list; whether it is tried again is decided by its type, in one place. */
export function failureOf(type: FailureType, message: string, details: readonly unknown[] = []): ApplicationFailure {
  return ApplicationFailure.create({ type, message, details: [...details] });
}

/** What preflight has found: the errors are its message, and all findings its details. */
export function preflightFailed(findings: readonly Finding[]): ApplicationFailure {
  const errors = findings.filter(({ severity }) => severity === 'error');
  return failureOf('PreflightFailed', errors.map(({ message, fix }) => `${message} ${fix}`).join(' · '), [findings]);
}

/** Names an error of the layers below by its type in the closed list; one that none foresaw stays as it is. */
export function toFailure(error: unknown, fallback: FailureType = 'CommandFailed'): unknown {
  if (error instanceof RouterConfigError)
    return failureOf('RouterConfigInvalid', `nginx refuses the config: ${error.message}`);
  if (error instanceof OvertakenError) return failureOf('Overtaken', error.message);
  if (error instanceof RouterDownError) return failureOf('CommandFailed', error.message);
  if (error instanceof SwitchNotProvenError) return failureOf('SwitchNotProven', error.message);
  if (error instanceof SshError) return failureOf(error.passing ? 'HostUnreachable' : 'HostRefused', error.message);
  if (error instanceof CommandError || error instanceof ToolError) return failureOf(fallback, error.message);
  if (error instanceof EngineWentAwayError) return failureOf('DockerUnavailable', error.message);
  const refused = whyEngineRefused(error);
  if (refused !== null) return failureOf('CommandFailed', refused);
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (brokeOff(error) || ['ECONNREFUSED', 'ENOENT', 'EACCES'].includes(code)) {
    const broke = brokeOff(error) ? 'the connection to it broke off' : (error as Error).message;
    return failureOf('DockerUnavailable', whyEngineIsAway(error) ?? `Docker does not answer: ${broke}`);
  }
  return error;
}

/** Runs `work`; whatever it throws comes out named. */
export async function named<Result>(work: () => Promise<Result>, fallback?: FailureType): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw toFailure(error, fallback);
  }
}
