import { Compose } from '../docker/compose.js';
import { findContainer, tailLogs, type ContainerState } from '../docker/container.js';
import { imageId, pullImage } from '../docker/image.js';
import { logOut } from '../docker/registry-login.js';
import { writeSlotImage } from '../docker/slots-env.js';
import { CommandError } from '../hosts/command-error.js';
import type {
  Activities,
  FetchedImage,
  ImageArgs,
  ProbeArgs,
  Probed,
  SlotArgs,
  SlotsStopped,
  SlotStarted,
  StopSlotsArgs,
} from '../model/activities.js';
import { wrongAnswer } from '../router/live-slot.js';
import type { Host } from '../hosts/host.js';
import type { Dependencies } from './dependencies.js';
import { failureOf } from './failures.js';
import { redactorFor } from './redactor.js';
import type { Running } from './running.js';
import { stepsOn } from './step.js';

type SlotSteps = Pick<Activities, 'fetchImages' | 'composeUpWait' | 'probeSlot' | 'stopSlots'>;

/** What is done to a slot. */
export function slotSteps(dependencies: Dependencies): SlotSteps {
  const step = stepsOn(dependencies);
  return {
    fetchImages: step(fetchImages, 'ImageUnavailable'),
    composeUpWait: step(composeUpWait),
    probeSlot: step(probeSlot),
    stopSlots: step(stopSlots),
  };
}

/** Present, else pulled, else built where the settings say so. */
async function fetchImages(
  host: Host,
  { settings, slot, release, image }: ImageArgs,
  { signal }: Running,
): Promise<FetchedImage> {
  const { database, toolImage } = settings;
  if (database && !(await imageId(host.docker, toolImage))) await pullImage(host, settings, toolImage, { signal });
  const present = await imageId(host.docker, image);
  if (present) {
    await logOut(host, settings);
    return { source: 'present', id: present };
  }
  if (settings.build) {
    await writeSlotImage(host, settings, { [slot]: { image, release } });
    await new Compose(host, settings).build(settings.slots[slot], image, { signal });
  } else {
    await pullImage(host, settings, image, { signal });
  }
  const id = await imageId(host.docker, image);
  if (!id)
    throw failureOf('ImageUnavailable', `${image} is not there after it was ${settings.build ? 'built' : 'pulled'}`);
  await logOut(host, settings);
  return { source: settings.build ? 'built' : 'pulled', id };
}

/** Services without a profile first, then the slot by name, then one more look at its health. */
async function composeUpWait(
  host: Host,
  { settings, slot, release, image }: SlotArgs,
  { signal }: Running,
): Promise<SlotStarted> {
  const compose = new Compose(host, settings);
  const { timeoutMs } = settings.health;
  await compose.ensure(await compose.sharedServices(), 120_000, { signal });
  await writeSlotImage(host, settings, { [slot]: { image, release } });
  const started = Date.now();
  const service = settings.slots[slot];
  const failed = await compose.up(service, timeoutMs, image, { signal }).then(
    () => null,
    (error: Error) => error,
  );
  const container = await findContainer(host.docker, settings.project, service);
  // A wait that ran out was seen to report success, so health is looked at once more.
  if (!failed && container?.running && container.health === 'healthy') {
    return { container: container.id, healthyAfterMs: Date.now() - started };
  }
  if (failed && (!(failed instanceof CommandError) || wasKilled(failed))) throw failed;
  if (!container) throw failed ?? failureOf('SlotUnhealthy', `${service} has no container`);
  throw failureOf('SlotUnhealthy', await whyUnhealthy(host, { settings, slot }, seen(container, failed)));
}

/** By the time it is looked at, Docker may have started again what had exited: then Compose's own words count. */
function seen(container: ContainerState, failed: CommandError | null): ContainerState {
  const exited = /exited \((\d+)\)\s*$/.exec(failed?.result.stderr.trim() ?? '');
  return exited ? { ...container, running: false, exitCode: Number(exited[1]) } : container;
}

async function whyUnhealthy(
  host: Host,
  { settings, slot }: Pick<SlotArgs, 'settings' | 'slot'>,
  container: ContainerState,
): Promise<string> {
  const redact = await redactorFor(host, settings);
  const lines = await tailLogs(host.docker, container.id, 20);
  const last = lines.findLast((line) => line.trim() !== '');
  const { timeoutMs } = settings.health;
  return `${settings.slots[slot]} ${wayItFailed(container, timeoutMs)}${last ? `: ${redact(last.trim())}` : ''}`;
}

async function probeSlot(host: Host, { settings, slot, release }: ProbeArgs, { signal }: Running): Promise<Probed> {
  const container = await findContainer(host.docker, settings.project, settings.slots[slot]);
  if (!container?.running || !container.address) {
    throw failureOf('SlotUnhealthy', `${settings.slots[slot]} died after it was healthy`);
  }
  const { path, releaseHeader } = settings.health;
  const port = settings.router.upstreamPort;
  const response = await host.request({ host: container.address, port, path, timeoutMs: 10_000, signal });
  const wrong = wrongAnswer(response, settings, { slot, release });
  if (wrong) throw failureOf('WrongRelease', `${settings.slots[slot]} itself is not ${release}: ${wrong}`);
  return { status: response.status, release: releaseHeader ? release : null };
}

async function stopSlots(host: Host, { settings, slots }: StopSlotsArgs, { signal }: Running): Promise<SlotsStopped> {
  const services = slots.map((slot) => settings.slots[slot]);
  const containers = await Promise.all(services.map((name) => findContainer(host.docker, settings.project, name)));
  const stopped = services.filter((_, at) => containers[at]?.running);
  // Also where none runs: one in a restart loop does not count as running and must not come back.
  await new Compose(host, settings).stop(services, { signal });
  return { stopped };
}

/** Compose itself was ended, which says nothing about the slot: the next attempt waits for it again. */
function wasKilled({ result }: CommandError): boolean {
  return result.exitCode === 137 || result.signal !== null;
}

function wayItFailed({ running: runs, health, exitCode, oomKilled }: ContainerState, timeoutMs: number): string {
  if (oomKilled) return 'was killed: out of memory';
  if (!runs) return `exited with code ${exitCode}`;
  return health === 'unhealthy' ? 'is unhealthy' : `was not healthy within ${timeoutMs / 1000} s (${health})`;
}
