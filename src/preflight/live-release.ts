import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../hosts/host.js';
import type { Settings } from '../model/settings.js';
import type { Live } from '../model/slot.js';
import { slotMismatch, usualProof } from '../router/proof.js';
import type { FoundSlot } from '../router/slot-release.js';

export interface LiveRelease {
  /** The slot as it was found, with the release that the app says. */
  readonly found: Pick<FoundSlot, 'slot' | 'release'>;
  /** The one that it is to be adopted as. */
  readonly release: string;
  /** How long an app may be ill. Default: as long as after a reload. */
  readonly withinMs?: number;
}

/**
 * Why a slot that runs could not be proven to be a release after the router's reload, by the very rule of that proof, and what
 * to do; `null` where it can.
 */
export async function whyNotProvable(
  host: Host,
  settings: Settings,
  { found: { slot, release: said }, release, withinMs = usualProof.timeoutMs }: LiveRelease,
): Promise<string | null> {
  const { health, router, slots } = settings;
  const ill = await illness(host, settings, { slot, release: null }, withinMs);
  if (ill !== '') {
    return (
      `${slots[slot]} is not healthy, so nothing could be proven of it after the switch: ${ill}. ` +
      `Let it answer ${health.path} on port ${router.upstreamPort} with 2xx first, or mend health.path in pointsman.yml.`
    );
  }
  const wrong = await slotMismatch(host, settings, { slot, release });
  if (wrong === '') return null;
  const other = said === null || said === release ? null : said;
  return (
    `${slots[slot]} is expected to be ${release}, and could not be proven to be after the switch: ${wrong}. ` +
    (other === null
      ? `Let it answer with "${health.releaseHeader}: ${release}", or take health.releaseHeader out of pointsman.yml.`
      : `Leave --release out, or say --release ${other}.`)
  );
}

/** An app may be ill for a moment, and is asked again; it does not become another release while it runs. */
async function illness(host: Host, settings: Settings, live: Live, withinMs: number): Promise<string> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const seen = await slotMismatch(host, settings, live);
    if (seen === '' || Date.now() > deadline) return seen;
    await sleep(100);
  }
}
