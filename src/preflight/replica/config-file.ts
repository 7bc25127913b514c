import { posix } from 'node:path';
import { parse } from 'yaml';
import type { ComposeService } from '../../docker/compose.js';
import { findContainer, readFileIn } from '../../docker/container.js';
import { serviceOf, type World } from '../world.js';

const usualPath = '/etc/litestream.yml';

export interface ConfigFile {
  /** In the container. */
  readonly path: string;
  /** As it is written. */
  readonly text: string;
  /** Whether Litestream puts values in the place of `$NAME` and `${NAME}`. */
  readonly expands: boolean;
}

/**
 * The config file that Litestream reads: from the directory of the host that is mounted there, else from the container.
 *
 * @returns `null` where it is in neither, as with one that is part of an image that was never started.
 */
export async function readConfigFile(world: World): Promise<ConfigFile | null> {
  const { host, settings } = world;
  const name = settings.replica?.service ?? '';
  const service = serviceOf(world, name);
  if (!service) return null;
  const words = await startWords(world, service);
  const path = configPath(words, service);
  const text = (await readMounted(world, service, path)) ?? (await readInside());
  return text === null ? null : { path, text, expands: !/-no-expand-env\b/.test(words) };

  async function readInside(): Promise<string | null> {
    const container = await findContainer(host.docker, settings.project, name);
    return container && readFileIn(host.docker, container.id, path);
  }
}

/** What the service is started with, and the script that it names where one is mounted: options are in there. */
async function startWords(world: World, service: ComposeService): Promise<string> {
  const argv = [...(service.entrypoint ?? []), ...(service.command ?? [])];
  const scripts = argv.filter((word) => posix.isAbsolute(word) && !/\.ya?ml$/.test(word));
  const texts = await Promise.all(scripts.map((script) => readMounted(world, service, script)));
  return [...argv, ...texts].join(' ');
}

function configPath(words: string, service: ComposeService): string {
  const option = /-config[\s=]+["']?(\/[^\s"']+)/.exec(words)?.[1];
  const mounted = (service.volumes ?? []).find(({ target }) => /litestream[^/]*\.ya?ml$/.test(target))?.target;
  return option ?? mounted ?? usualPath;
}

async function readMounted({ host }: World, { volumes }: ComposeService, path: string): Promise<string | null> {
  const holds = (target: string): boolean => path === target || path.startsWith(`${target.replace(/\/$/, '')}/`);
  const mount = (volumes ?? []).find(({ type, target }) => type === 'bind' && holds(target));
  if (mount?.source === undefined) return null;
  return host.readFile(posix.join(mount.source, posix.relative(mount.target, path)));
}

/** Names of the variables in a config, comments left out. */
export function namesIn(text: string): string[] {
  const lines = text.split('\n').filter((line) => !/^\s*#/.test(line));
  return [
    ...new Set([...lines.join('\n').matchAll(/\$(?:\{(\w+)\}|(\w+))/g)].map((found) => found[1] ?? found[2] ?? '')),
  ];
}

/** The config as Litestream understands it. @throws where it is no YAML. */
export function understood({ text, expands }: ConfigFile, environment: ReadonlyMap<string, string>): unknown {
  const value = (name: string): string => environment.get(name) ?? '';
  const expanded = text.replace(/\$(?:\{(\w+)\}|(\w+))/g, (_, braced?: string, bare?: string) =>
    value(braced ?? bare ?? ''),
  );
  return parse(expands ? expanded : text);
}
