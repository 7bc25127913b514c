import type { WorkerOptions } from '@temporalio/worker';
import { SigningCodec } from './signing-codec.js';
import type { SigningKey } from './signing-key.js';
import { StepGuard, guarded } from './step-guard.js';

/**
 * Has a worker do only what somebody who may ask has asked for: that is judged where it arrives, and again before a step is taken.
 *
 * @param key `null`: whoever reaches Temporal may ask for anything.
 */
export function onlySigned(
  stateDirectory: string,
  key: SigningKey | null,
): Pick<WorkerOptions, 'dataConverter' | 'interceptors'> {
  if (!key) return {};
  return {
    dataConverter: { payloadCodecs: [new SigningCodec(() => Promise.resolve(key))] },
    interceptors: { activity: [guarded(new StepGuard(stateDirectory, key))] },
  };
}
