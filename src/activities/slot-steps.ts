import { Compose, sharedServices, type ComposeService } from '../docker/compose.js';
import { findContainer, inspectContainer, lastEnd, tailLogs, type ContainerState } from '../docker/container.js';
import { EngineWatch } from '../docker/engine-watch.js';
import { healthyAnew, isOneContainer } from '../docker/healthy-anew.js';
import { imageId, pullImage } from '../docker/image.js';
import { logOut } from '../docker/registry-login.js';
import { letComeBack, letStayStopped } from '../docker/restart-policy.js';
import { closeSlotImages, requireLatest, writeSlotImage } from '../docker/slots-env.js';
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
import type { FailureType } from '../model/failure.js';
import { askRouters, isUsed } from '../router/all-routers.js';
import { askRouter } from '../router/live-slot.js';
import { wrongAnswer } from '../router/proof.js';
import type { Host } from '../hosts/host.js';
import type { Dependencies } from './dependencies.js';
import { inTurn } from './each-router.js';
import { endStage } from './end-state.js';
import { failureOf } from './failures.js';
import { redactorFor } from '../docker/redactor.js';
import { redactLines } from '../secrets/redact.js';
import type { Running } from './running.js';
import { stepsOn } from './step.js';

/** Exit code of what was ended by SIGKILL. */
const killed = 137;

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
async function composeUpWait(host: Host, args: SlotArgs, { signal }: Running): Promise<SlotStarted> {
  const { settings, slot, release, image } = args;
  await makeIdle(host, args, signal);
  const compose = new Compose(host, settings);
  const { timeoutMs } = settings.health;
  const config = await compose.config();
  await compose.ensure(sharedServices(config), 120_000, { signal });
  await writeSlotImage(host, settings, { [slot]: { image, release } });
  const started = Date.now();
  const service = settings.slots[slot];
  await using engine = await EngineWatch.open(host.docker);
  const failed = await upOrHealthy(host, args, {
    service: config.services[service] ?? {},
    up: () => compose.up(service, timeoutMs, image, { signal }),
  });
  const container = await findContainer(host.docker, settings.project, service);
  // A wait that ran out was seen to report success, so health is looked at once more.
  if (!failed && container?.running && container.health === 'healthy') {
    await letComeBack(host.docker, container.id, config.services[service]?.restart);
    return { container: container.id, healthyAfterMs: Date.now() - started };
  }
  if (failed && (!(failed instanceof CommandError) || wasKilled(failed))) throw failed;
  if (container && failed && wasStartedHalfway(failed)) {
    await host.docker.getContainer(container.id).remove({ force: true });
    throw failed;
  }
  await engine.throwIfWentAway(`${service} was started`);
  if (!container) throw failed ?? failureOf('SlotUnhealthy', `${service} has no container`);
  const asSeen = await seen(host, container, failed);
  throw failureOf(failureTypeOf(asSeen), await whyUnhealthy(host, { settings, slot }, asSeen));
}

interface Start {
  readonly service: ComposeService;
  readonly up: () => Promise<void>;
}

/**
 * How Compose failed; `null` where it did not, or is not waited for any more: the slot is healthy before Compose has noticed,
 * which then ends by itself.
 */
async function upOrHealthy(
  host: Host,
  { settings: { project, slots }, slot }: Pick<SlotArgs, 'settings' | 'slot'>,
  { service, up }: Start,
): Promise<Error | null> {
  const name = slots[slot];
  const before = await findContainer(host.docker, project, name);
  const over = new AbortController();
  const failed = up()
    .then(
      () => null,
      (error: Error) => error,
    )
    .finally(() => over.abort());
  if (!isOneContainer(service)) return failed;
  const healthy = healthyAnew(host, { project, service: name, before, signal: over.signal });
  return Promise.race([failed, healthy.then((is) => (is ? null : failed))]);
}

/**
 * One that was ended by SIGKILL says nothing about its release: it is started again, a few times at most. One that
 * used more memory than it may, or that ended by itself, would do so again.
 */
function failureTypeOf({ running: runs, exitCode, oomKilled }: ContainerState): FailureType {
  return !runs && exitCode === killed && !oomKilled ? 'CommandFailed' : 'SlotUnhealthy';
}

/** A container as it was when it failed. */
interface Seen extends ContainerState {
  /** Whether Docker has started it again since. */
  readonly startedAgain: boolean;
}

/**
 * By the time it is looked at, Docker may have started again what had exited: then Compose's own words count. Where it
 * met the container between its end and that start, its words are only that it is unhealthy; the engine knows more.
 */
async function seen({ docker }: Host, container: ContainerState, failed: CommandError | null): Promise<Seen> {
  const exited = /exited \((\d+)\)\s*$/.exec(failed?.result.stderr.trim() ?? '');
  const startedAgain = container.running;
  if (exited) return { ...container, startedAgain, running: false, exitCode: Number(exited[1]) };
  const restarted = container.running && container.restarts > 0;
  const exitCode = restarted ? (await lastEnd(docker, container.id)).exitCode : null;
  if (exitCode === null) return { ...container, startedAgain: false };
  return { ...container, startedAgain, running: false, exitCode };
}

/** The end of what it wrote until it failed: what it writes once it runs again says nothing of why it ended. */
async function linesOf({ docker }: Host, { id, startedAt, startedAgain }: Seen): Promise<string[]> {
  if (!startedAgain) {
    const lines = await tailLogs(docker, id, 20);
    // Docker may have started it again while they were asked for.
    if ((await inspectContainer(docker, id)).startedAt === startedAt) return lines;
  }
  return tailLogs(docker, id, 20, (await lastEnd(docker, id)).at);
}

async function whyUnhealthy(
  host: Host,
  { settings, slot }: Pick<SlotArgs, 'settings' | 'slot'>,
  container: Seen,
): Promise<string> {
  const lines = redactLines(await redactorFor(host, settings), await linesOf(host, container));
  const last = lines.findLast((line) => line.trim() !== '');
  const { timeoutMs } = settings.health;
  return `${settings.slots[slot]} ${wayItFailed(container, timeoutMs)}${last ? `: ${last.trim()}` : ''}`;
}

async function probeSlot(host: Host, { settings, slot, release }: ProbeArgs, { signal }: Running): Promise<Probed> {
  const container = await findContainer(host.docker, settings.project, settings.slots[slot]);
  if (!container?.running || !container.address) {
    const type = container ? failureTypeOf(container) : 'SlotUnhealthy';
    throw failureOf(type, `${settings.slots[slot]} died after it was healthy`);
  }
  const { path, releaseHeader } = settings.health;
  const port = settings.router.upstreamPort;
  const response = await host.request({ host: container.address, port, path, timeoutMs: 10_000, signal });
  const wrong = wrongAnswer(response, settings, { slot, release });
  if (wrong) throw failureOf('WrongRelease', `${settings.slots[slot]} itself is not ${release}: ${wrong}`);
  return { status: response.status, release: releaseHeader ? release : null };
}

/** By name, and never one that the router sends anybody to: a person may have switched it without this deploy. */
async function stopSlots(host: Host, { settings, slots }: StopSlotsArgs, { signal }: Running): Promise<SlotsStopped> {
  await closeSlotImages(host, settings);
  const routers = await askRouters(host, settings);
  const used = slots.filter((slot) => isUsed(routers, slot));
  const services = slots.filter((slot) => !used.includes(slot)).map((slot) => settings.slots[slot]);
  const kept = used.length > 0 ? { kept: used.map((slot) => settings.slots[slot]) } : {};
  if (services.length === 0) return { stopped: [], ...kept };
  const containers = await Promise.all(services.map((name) => findContainer(host.docker, settings.project, name)));
  const stopped = services.filter((_, at) => containers[at]?.running);
  // Else a later deploy has started what this one was to stop.
  await requireLatest(host, settings);
  // Before the stop: an engine that dies in between must not bring it back.
  for (const container of containers) if (container) await letStayStopped(host.docker, container.id);
  // Also where none runs: one in a restart loop does not count as running and must not come back.
  await new Compose(host, settings).stop(services, { signal });
  return { stopped, ...kept };
}

/**
 * A deploy that was away for long (Temporal was down, say) may find its slot live with what a person went back to. Its own
 * release may be there already, live or as a candidate: an attempt before this one has started it. Another candidate is of a
 * deploy that is gone, and a rollback by break glass ends no such thing before: nobody is sent to it any more, then it is
 * replaced.
 */
async function makeIdle(host: Host, args: SlotArgs, signal: AbortSignal): Promise<void> {
  await inTurn(args, (own) => makeIdleIn(host, own, signal));
}

async function makeIdleIn(host: Host, { settings, slot, release }: SlotArgs, signal: AbortSignal): Promise<void> {
  const { live, canary } = await askRouter(host, settings);
  if (live?.slot === slot && live.release !== release) {
    const serves = `${settings.slots[slot]} (${live.release ?? 'release unknown'})`;
    throw failureOf('SwitchedMeanwhile', `the router serves ${serves}: it is not replaced`);
  }
  if (canary?.slot === slot && canary.release !== release) await endStage(host, settings, signal);
}

/** Compose itself was ended, which says nothing about the slot: the next attempt waits for it again. */
function wasKilled({ result }: CommandError): boolean {
  return result.exitCode === killed || result.signal !== null;
}

/**
 * The engine died in the middle of its start, takes it for never started, and cannot start it any more: the next attempt
 * needs another one.
 */
function wasStartedHalfway({ result }: CommandError): boolean {
  return /\btask [0-9a-f]{64}: already exists\b/.test(result.stderr);
}

function wayItFailed({ running: runs, health, exitCode, oomKilled }: ContainerState, timeoutMs: number): string {
  if (oomKilled) return 'was killed: out of memory';
  if (!runs && exitCode === killed) return 'was killed (SIGKILL)';
  if (!runs) return `exited with code ${exitCode}`;
  return health === 'unhealthy' ? 'is unhealthy' : `was not healthy within ${timeoutMs / 1000} s (${health})`;
}
