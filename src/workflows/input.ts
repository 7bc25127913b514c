import { ApplicationFailure } from '@temporalio/workflow';
import type { FailureType } from '../model/failure.js';
import type { BackupInput, DeployInput, DrillInput, RestoreInput, RollbackInput } from '../model/input.js';

/**
 * A workflow may be started by an older or newer CLI, or by hand in the Temporal UI: what is missing is
 * said at once instead of failing somewhere in the story.
 */
export function checkInput<Input extends DeployInput | RollbackInput | BackupInput | RestoreInput | DrillInput>(
  input: Input,
): Input {
  const missing = [
    !input?.settings?.project && 'settings.project',
    !input?.settings?.environment && 'settings.environment',
    !input?.settings?.slots && 'settings.slots',
    !input?.requestedBy && 'requestedBy',
    input && 'release' in input && !input.release && 'release',
    input && 'backup' in input && !input.backup && 'backup',
  ].filter(Boolean);
  if (missing.length === 0) return input;
  const type: FailureType = 'InvalidInput';
  throw ApplicationFailure.nonRetryable(
    `the workflow's input lacks ${missing.join(', ')}: start it with pointsman`,
    type,
  );
}
