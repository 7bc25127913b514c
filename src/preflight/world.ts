import { uniqueCall } from '../database/database-of.js';
import { Compose, type ComposeConfig, type ComposeService } from '../docker/compose.js';
import { findContainer, type ContainerState } from '../docker/container.js';
import type { Host } from '../hosts/host.js';
import { imageOf } from '../model/names.js';
import type { Settings } from '../model/settings.js';
import type { Live, Slot } from '../model/slot.js';
import { askLiveOnceUp, RouterDownError } from '../router/live-slot.js';

/** The facts that the checks judge, gathered once. Reading them changes nothing on the host. */
export interface World {
  readonly host: Host;
  readonly settings: Settings;
  /** `null`: none is named, and everything but its image is looked at. */
  readonly release: string | null;
  readonly kind: 'deploy' | 'rollback';
  readonly call: string;
  /** Image of the release; `null` where none is named. */
  readonly image: string | null;
  readonly config: ComposeConfig;
  readonly router: ContainerState | null;
  readonly slots: Readonly<Record<Slot, ContainerState | null>>;
  readonly live: Live | null;
  /** Values of the variables in `replica.requireEnv`, as Compose reads them. */
  readonly variables: ReadonlyMap<string, string>;
}

export interface Question {
  /** `null`: whatever is deployed next. */
  readonly release: string | null;
  readonly kind: 'deploy' | 'rollback';
  /**
   * Of the containers that the checks start: the same in every attempt of a step, which so finds what the one before left.
   * Default: one that nobody else has.
   */
  readonly call?: string;
  /** Names of the checks to make. Default: all that the kind has a use for. */
  readonly only?: readonly string[];
}

export async function gatherWorld(host: Host, settings: Settings, question: Question): Promise<World> {
  const { release, kind, call = uniqueCall() } = question;
  const find = (service: string) => findContainer(host.docker, settings.project, service);
  const compose = new Compose(host, settings);
  const [config, router, blue, green, live, variables] = await Promise.all([
    compose.config(),
    find(settings.router.service),
    find(settings.slots.blue),
    find(settings.slots.green),
    liveNow(host, settings),
    compose.variables(settings.replica?.requireEnv ?? []),
  ]);
  const image = release === null ? null : imageOf(settings, release);
  return { host, settings, release, kind, call, image, config, router, slots: { blue, green }, live, variables };
}

/** A router that died a moment ago is waited for; one that is down is no reason to refuse: the deploy starts it. */
async function liveNow(host: Host, settings: Settings): Promise<Live | null> {
  try {
    return await askLiveOnceUp(host, settings, 3000);
  } catch (error) {
    if (error instanceof RouterDownError) return null;
    throw error;
  }
}

export function serviceOf({ config }: World, name: string): ComposeService | undefined {
  return config.services[name];
}
