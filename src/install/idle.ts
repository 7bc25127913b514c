import type { Host } from '../hosts/host.js';
import { InstallError } from './install-error.js';
import { runningDeploys } from './server-questions.js';
import { until } from './until.js';

/**
 * Waits until no deploy and no rollback runs. With no time to wait, nobody is asked: a deploy survives the change of
 * its worker, and goes on under the new one.
 *
 * @throws {InstallError} `busy` when one still runs after that time, `unavailable` when Temporal does not answer.
 */
export async function untilIdle(host: Host, waitMs: number, note: (text: string) => void): Promise<void> {
  if (waitMs === 0) return;
  let running = await runningDeploys(host);
  if (running === null) {
    const fix = 'Mend it (pointsman host status, journalctl -u pointsman-temporal), or do not wait: --wait 0.';
    throw new InstallError(
      'unavailable',
      `Temporal does not answer there, so nobody knows whether a deploy runs. ${fix}`,
    );
  }
  if (running === 0) return;
  note(`waiting for ${deploys(running)} to end, for up to ${Math.ceil(waitMs / 60_000)} min`);
  const idle = await until(
    async () => {
      running = await runningDeploys(host);
      return running === 0;
    },
    { limitMs: waitMs, everyMs: Math.min(5000, waitMs) },
  );
  if (idle) return;
  const state = running === null ? 'Temporal does not answer any more' : `${deploys(running)} still run`;
  throw new InstallError('busy', `${state} after ${Math.ceil(waitMs / 60_000)} min of waiting; nothing was switched.`);
}

function deploys(count: number): string {
  return count === 1 ? '1 deploy' : `${count} deploys`;
}
