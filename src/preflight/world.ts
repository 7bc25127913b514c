import { Compose, type ComposeConfig, type ComposeService } from '../docker/compose.js';
import { findContainer, type ContainerState } from '../docker/container.js';
import { readEnvFile } from '../docker/env-file.js';
import type { Host } from '../hosts/host.js';
import { imageOf } from '../model/names.js';
import type { Settings } from '../model/settings.js';
import type { Live, Slot } from '../model/slot.js';
import { askLive } from '../router/live-slot.js';

/** The facts that the checks judge, gathered once. Reading them changes nothing on the host. */
export interface World {
  readonly host: Host;
  readonly settings: Settings;
  readonly release: string;
  readonly kind: 'deploy' | 'rollback';
  /** Image of the release. */
  readonly image: string;
  readonly config: ComposeConfig;
  readonly router: ContainerState | null;
  readonly slots: Readonly<Record<Slot, ContainerState | null>>;
  readonly live: Live | null;
  /** Values by name from the env file. */
  readonly variables: ReadonlyMap<string, string>;
}

export interface Question {
  readonly release: string;
  readonly kind: 'deploy' | 'rollback';
}

export async function gatherWorld(host: Host, settings: Settings, { release, kind }: Question): Promise<World> {
  const find = (service: string) => findContainer(host.docker, settings.project, service);
  const [config, router, blue, green, live, variables] = await Promise.all([
    new Compose(host, settings).config(),
    find(settings.router.service),
    find(settings.slots.blue),
    find(settings.slots.green),
    askLive(host, settings),
    readVariables(host, settings),
  ]);
  const image = imageOf(settings, release);
  return { host, settings, release, kind, image, config, router, slots: { blue, green }, live, variables };
}

export function serviceOf({ config }: World, name: string): ComposeService | undefined {
  return config.services[name];
}

async function readVariables(host: Host, settings: Settings): Promise<Map<string, string>> {
  const written = await readEnvFile(host, settings);
  const lines = written.map((line) => /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/.exec(line));
  return new Map(lines.filter((line) => line !== null).map((line) => [line[1] ?? '', valueOf(line[2] ?? '')]));
}

/** As Compose reads it: without its quotes, or without the comment after it. */
function valueOf(written: string): string {
  const quoted = /^(["'])(.*?)\1(?:\s+#.*)?$/.exec(written);
  return quoted?.[2] ?? written.replace(/(?:^|\s+)#.*$/, '');
}
