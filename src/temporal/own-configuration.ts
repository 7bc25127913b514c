import { loadClientConnectConfig } from '@temporalio/envconfig';
import { reasonOf } from '../model/reason.js';
import { TemporalUnavailableError, type ExternalPlace } from './place.js';

/**
 * How a Temporal of one's own is reached, by the variables and the file that all of Temporal's tools read.
 *
 * @throws {TemporalUnavailableError} when they cannot be used, with the reason.
 */
export function readConfiguration({ variables }: ExternalPlace): ReturnType<typeof loadClientConnectConfig> {
  try {
    return loadClientConnectConfig({ overrideEnvVars: { ...variables } });
  } catch (cause) {
    const reason = reasonOf(cause);
    const message = `Temporal's own configuration (TEMPORAL_… variables, temporal.toml) cannot be used: ${reason}`;
    throw new TemporalUnavailableError(message, { cause });
  }
}
