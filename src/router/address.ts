import { findContainer } from '../docker/container.js';
import type { Host } from '../hosts/host.js';
import type { Settings } from '../model/settings.js';
import { RouterDownError } from './live-slot.js';

/**
 * Where a service of the project is asked that has to run: the router, or a slot past it.
 *
 * @throws {RouterDownError} when it does not.
 */
export async function addressOf(host: Host, { project }: Settings, service: string): Promise<string> {
  const container = await findContainer(host.docker, project, service);
  if (container?.running && container.address) return container.address;
  throw new RouterDownError(`${service} does not run, so it cannot be asked`);
}
