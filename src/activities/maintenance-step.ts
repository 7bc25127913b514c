import type { Host } from '../hosts/host.js';
import type { Finding } from '../model/finding.js';
import type { MaintenanceArgs, MaintenanceSet } from '../model/rollout.js';
import type { Live } from '../model/slot.js';
import { askLiveOnceUp, askRouter } from '../router/live-slot.js';
import { proveLive } from '../router/proof.js';
import { statesIn } from '../router/router-states.js';
import { atOnce, placedThenLoaded } from './each-router.js';
import { endMaintenance, maintenanceName } from './end-state.js';
import { failureOf } from './failures.js';
import { configFor, routerOf } from './live-config.js';
import type { Running } from './running.js';

/** How long a router that died a moment ago is waited for. */
const upAgainMs = 10_000;

/** Puts the page of maintenance before the app, or takes it away. Whatever is switched behind it, the page stays. */
export async function setMaintenance(host: Host, args: MaintenanceArgs, { signal }: Running): Promise<MaintenanceSet> {
  const { settings, on } = args;
  const live = await askLiveOnceUp(host, settings, upAgainMs);
  if (on && !live) throw nothingLive(settings.router.service);
  const changed = on ? await putPage(host, args, signal) : await takePage(host, args, signal);
  return { changed: changed.includes(true), live };
}

function takePage(host: Host, args: MaintenanceArgs, signal: AbortSignal): Promise<boolean[]> {
  return atOnce(args, async ({ settings }) => {
    await askLiveOnceUp(host, settings, upAgainMs);
    return endMaintenance(host, settings, signal);
  });
}

function putPage(host: Host, args: MaintenanceArgs, signal: AbortSignal): Promise<boolean[]> {
  return placedThenLoaded(
    args,
    (own) => placePage(host, own),
    (own, placed) => loadPage(host, own, placed, signal),
  );
}

interface PlacedPage {
  /** What this router serves behind the page; `null`: nothing, so everybody gets 503 anyway. */
  readonly live: Live | null;
  readonly changed: boolean;
}

async function placePage(host: Host, { settings, by, timestamp }: MaintenanceArgs): Promise<PlacedPage> {
  const live = await askLiveOnceUp(host, settings, upAgainMs);
  if (!live) return { live, changed: false };
  const nginx = await routerOf(host, settings);
  const states = statesIn(await nginx.readConfig());
  const { maintenance: loaded } = await askRouter(host, settings);
  if (states.maintenance && loaded) return { live, changed: false };
  // One that is in place and was not loaded is that of the attempt before this one.
  const maintenance = states.maintenance ?? { by, since: timestamp };
  const config = await configFor(nginx, settings, live, { ...states, maintenance });
  await nginx.install(config, maintenanceName(maintenance.since));
  return { live, changed: true };
}

async function loadPage(
  host: Host,
  { settings }: MaintenanceArgs,
  { live, changed }: PlacedPage,
  signal: AbortSignal,
): Promise<boolean> {
  if (!live) return false;
  if (changed) await (await routerOf(host, settings)).reload();
  // The app may be down: that may be why there is maintenance.
  await proveLive(host, settings, { live, maintenance: true, health: false }, signal);
  return changed;
}

function nothingLive(router: string) {
  const finding: Finding = {
    check: 'router',
    severity: 'error',
    message: `The router ${router} serves no release.`,
    fix: 'Deploy one first: until then everybody gets 503 anyway.',
  };
  return failureOf('PreflightFailed', `${finding.message} ${finding.fix}`, [[finding]]);
}
