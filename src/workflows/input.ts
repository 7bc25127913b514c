import { ApplicationFailure } from '@temporalio/workflow';
import type { FailureType } from '../model/failure.js';
import type {
  AdoptInput,
  BackupInput,
  DeployInput,
  DrillInput,
  MaintenanceInput,
  RecoverInput,
  RestoreInput,
  RollbackInput,
} from '../model/input.js';

type AnyInput =
  AdoptInput | DeployInput | RollbackInput | BackupInput | RestoreInput | RecoverInput | DrillInput | MaintenanceInput;

/**
 * A workflow may be started by an older or newer CLI, or by hand in the Temporal UI: what is missing is
 * said at once instead of failing somewhere in the story.
 *
 * @param more what else is missing, where only that kind of run needs it.
 */
export function checkInput<Input extends AnyInput>(input: Input, more: readonly string[] = []): Input {
  const missing = [
    !input?.settings?.project && 'settings.project',
    !input?.settings?.environment && 'settings.environment',
    !input?.settings?.slots && 'settings.slots',
    !input?.requestedBy && 'requestedBy',
    input && 'release' in input && !input.release && 'release',
    input && 'ended' in input && !input.ended && 'ended',
    input && 'backup' in input && !input.backup && 'backup',
    ...more,
    // Without it a release would go to all users at once, though a canary was asked for.
    (input?.settings?.canary || input?.settings?.bake) && !input.settings.judging && 'settings.judging',
    input?.settings?.approval?.when === 'after-canary' && !input.settings.canary && 'settings.canary',
  ].filter(Boolean);
  if (missing.length === 0) return input;
  const type: FailureType = 'InvalidInput';
  throw ApplicationFailure.nonRetryable(
    `the workflow's input lacks ${missing.join(', ')}: start it with pointsman`,
    type,
  );
}
