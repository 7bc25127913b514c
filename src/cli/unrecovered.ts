import { ServiceError, type Client } from '@temporalio/client';
import { findContainer } from '../docker/container.js';
import type { Host } from '../hosts/host.js';
import { isLiveNow, type EndedOutside } from '../model/ended-outside.js';
import { visibleLine } from '../model/foreign-text.js';
import type { Settings } from '../model/settings.js';
import { sameLive, slots, liveText } from '../model/slot.js';
import { askRouters, outOfStep } from '../router/all-routers.js';
import { askRouter, type RouterState } from '../router/live-slot.js';
import { Nginx } from '../router/nginx.js';
import { liveInConfig } from '../router/nginx-config.js';
import { findEndedOutside } from '../temporal/ended-outside.js';
import { Exit, exitCodes } from './exit-codes.js';
import type { Session } from './session.js';

/**
 * A deploy takes the database as it finds it for the one to go back to, so it does not begin on what another one left half
 * done.
 *
 * @throws {Exit} `terminated`, with what is known from the history.
 */
export async function refuseUnrecovered(client: Client, settings: Settings): Promise<void> {
  const ended = await findEndedOutside(client, settings);
  if (!ended) return;
  const message = `${endedText(ended)}\nSee what was left: pointsman status. Put it in order first: pointsman recover.`;
  throw new Exit(exitCodes.terminated, message);
}

/** What a history tells of a run that was ended from outside. */
export function endedText({ kind, plan, requestedBy, lastStep, endedAt, by }: EndedOutside): string {
  const who = by ? ` (${by})` : '';
  return visibleLine(
    `${kind} ${plan.release} by ${requestedBy} was ended from outside at ${lastStep}, ${endedAt}${who}; nothing was undone.`,
  );
}

/** What of it is still there, asked at the host; nothing where all is in order already. */
export async function leftovers(host: Host, settings: Settings, ended: EndedOutside): Promise<string[]> {
  const { live, hold, canary }: RouterState = await askRouter(host, settings);
  const containers = await Promise.all(
    slots.map((slot) => findContainer(host.docker, settings.project, settings.slots[slot])),
  );
  const left = slots
    .filter((slot, at) => containers[at]?.running && slot !== live?.slot)
    .map((slot) => `${settings.slots[slot]} runs and is not live`);
  const nginx = await Nginx.find(host, settings);
  const written = liveInConfig((await nginx?.readConfig()) ?? '', settings.slots);
  if (!sameLive(written, live)) {
    left.push(`the router serves ${liveText(live)}, and would serve ${liveText(written)} after a restart`);
  }
  left.push(...outOfStep(await askRouters(host, settings)));
  if (canary) left.push(`the router gives another release than the live one ${canary.weight} % of the requests`);
  if (hold)
    left.push(
      `writes are ${hold.active ? 'held' : 'no longer held, but the hold is still there,'} until ${hold.until}`,
    );
  if (ended.mayHaveMigrated && !isLiveNow(ended, live)) {
    left.push(`the database may be migrated by ${ended.plan.release}; as it was before: ${ended.backup?.file}`);
  }
  return left;
}

/** For a command that only tells: what was ended from outside, where Temporal is there to ask. */
export async function toldOfEnded(session: Session, settings: Settings): Promise<EndedOutside | null> {
  const client = await session.clientIfUp();
  if (!client) return null;
  try {
    return await findEndedOutside(client, settings);
  } catch (error) {
    if (error instanceof ServiceError) return null;
    throw error;
  }
}
