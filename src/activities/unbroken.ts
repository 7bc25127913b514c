import { glassBrokenSince } from '../docker/release-record.js';
import type { Host } from '../hosts/host.js';
import type { Settings } from '../model/settings.js';
import { failureOf } from './failures.js';

/**
 * A run that was away for long leaves the router as a person has set it meanwhile, and its release is not judged by what
 * another one answers.
 *
 * @throws ApplicationFailure `SwitchedMeanwhile`, with who it was.
 */
export async function requireUnbroken(
  host: Host,
  { settings, timestamp }: { readonly settings: Settings; readonly timestamp: string },
): Promise<void> {
  const broken = await glassBrokenSince(host, settings, timestamp);
  if (!broken) return;
  const what = `${broken.requestedBy} went back to ${broken.release} by break glass since this began`;
  throw failureOf('SwitchedMeanwhile', `${what}: the router is left as it is`);
}
