import { resolve } from 'node:path';
import type Docker from 'dockerode';
import type { Host } from '../hosts/host.js';
import { routersOf } from '../model/routers.js';
import type { Settings } from '../model/settings.js';
import { looksSecret } from '../secrets/public-value.js';
import { createRedactor } from '../secrets/redact.js';
import { secretValues } from '../secrets/secret-values.js';
import { composeNames } from './compose-names.js';
import { findContainer, type ContainerState } from './container.js';
import { readEnvFile } from './env-file.js';
import { imageEnvironment } from './image.js';
import { readSlotImages } from './slots-env.js';

/**
 * Blanks out what the app's env file and its containers' environments keep secret: apps print them when they crash. What the
 * app is made of stays readable, and so does what an image sets itself.
 *
 * @param more `NAME=value` of an environment that no container has yet.
 */
export async function redactorFor(
  host: Host,
  settings: Settings,
  more: readonly string[] = [],
): Promise<(text: string) => string> {
  const routers = routersOf(settings).map(({ router }) => router.service);
  const services = [...Object.values(settings.slots), ...routers, settings.replica?.service];
  if (settings.database?.kind === 'postgres') services.push(settings.database.service);
  const found = await Promise.all(
    services.filter((name) => name !== undefined).map((name) => findContainer(host.docker, settings.project, name)),
  );
  const containers = found.filter((container) => container !== null);
  const environments = await Promise.all(containers.map((container) => ownEnvironment(host.docker, container)));
  const lines = [...(await readEnvFile(host, settings)), ...environments.flat(), ...more];
  const images = containers.map(({ image }) => image);
  return createRedactor(secretValues(lines, new Set([...(await namesOf(host, settings)), ...images.flatMap(partsOf)])));
}

/** Without what its image sets for everybody, unless that looks like a secret. */
async function ownEnvironment(docker: Docker, { image, environment }: ContainerState): Promise<string[]> {
  const defaults = new Set(await imageEnvironment(docker, image));
  return environment.filter((line) => !defaults.has(line) || looksSecret(line.split('=', 1)[0] ?? ''));
}

/** What the app is made of. No setting is secret: a workflow is started with them. */
async function namesOf(host: Host, settings: Settings): Promise<string[]> {
  const files = settings.composeFiles.map((file) => host.readFile(resolve(settings.directory, file)));
  const compose = (await Promise.all(files)).map((text) => composeNames(text ?? ''));
  const slots = Object.values(await readSlotImages(host, settings));
  const images = [settings.image, ...compose.flatMap((names) => names.images), ...slots.map(({ image }) => image)];
  const releases = slots.map(({ release }) => release);
  return [...textsOf(settings), ...compose.flatMap(({ names }) => names), ...images.flatMap(partsOf), ...releases];
}

/** The reference of an image, its host, each part of its name, and its tag. */
function partsOf(reference: string): string[] {
  return [reference, ...reference.split(/[/:@]/)];
}

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}
