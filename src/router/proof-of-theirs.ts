import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../hosts/host.js';
import type { Settings } from '../model/settings.js';
import { addressOf } from './address.js';
import { askStatus, type Status } from './live-slot.js';
import { SwitchNotProvenError, usualProof } from './proof.js';

/** Whether the router answers by a config of pointsman's. */
export async function servesOurs(host: Host, settings: Settings): Promise<boolean> {
  return (await statusOf(host, settings)).answers;
}

/**
 * Asks until that many answers in a row are none of pointsman's: the config that its user has written is loaded.
 *
 * @throws {SwitchNotProvenError} when it is not, in time.
 */
export async function proveTheirs(host: Host, settings: Settings, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + usualProof.timeoutMs;
  let inARow = 0;
  while (inARow < usualProof.answers) {
    signal.throwIfAborted();
    inARow = (await servesOurs(host, settings)) ? 0 : inARow + 1;
    if (Date.now() > deadline) throw new SwitchNotProvenError('the router does not serve the config of before');
    if (inARow === 0) await sleep(30);
  }
}

async function statusOf(host: Host, settings: Settings): Promise<Status> {
  return askStatus(host, settings, await addressOf(host, settings, settings.router.service));
}
