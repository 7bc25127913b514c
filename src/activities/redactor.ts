import { findContainer } from '../docker/container.js';
import { readEnvFile } from '../docker/env-file.js';
import type { Host } from '../hosts/host.js';
import type { Settings } from '../model/settings.js';
import { createRedactor, secretValues } from '../secrets/redact.js';

/** Blanks out what the app's env file and its containers' environments keep secret: apps print them when they crash. */
export async function redactorFor(host: Host, settings: Settings): Promise<(text: string) => string> {
  const services = [...Object.values(settings.slots), settings.router.service, settings.replica?.service];
  if (settings.database?.kind === 'postgres') services.push(settings.database.service);
  const containers = await Promise.all(
    services.filter((name) => name !== undefined).map((name) => findContainer(host.docker, settings.project, name)),
  );
  const environment = containers.flatMap((container) => container?.environment ?? []);
  return createRedactor(secretValues([...(await readEnvFile(host, settings)), ...environment]));
}
