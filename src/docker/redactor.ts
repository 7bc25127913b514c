import type { Host } from '../hosts/host.js';
import { routersOf } from '../model/routers.js';
import type { Settings } from '../model/settings.js';
import { createRedactor, secretValues } from '../secrets/redact.js';
import { findContainer } from './container.js';
import { readEnvFile } from './env-file.js';

/**
 * Blanks out what the app's env file and its containers' environments keep secret: apps print them when they crash.
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
  const containers = await Promise.all(
    services.filter((name) => name !== undefined).map((name) => findContainer(host.docker, settings.project, name)),
  );
  const environment = containers.flatMap((container) => container?.environment ?? []);
  return createRedactor(secretValues([...(await readEnvFile(host, settings)), ...environment, ...more]));
}
