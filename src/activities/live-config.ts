import type { Host } from '../hosts/host.js';
import type { Settings } from '../model/settings.js';
import { Nginx } from '../router/nginx.js';
import { failureOf } from './failures.js';

export { configFor } from '../router/live-config.js';

/** The router of a project, for a step that cannot do without. */
export async function routerOf(host: Host, settings: Settings): Promise<Nginx> {
  const nginx = await Nginx.find(host, settings);
  if (!nginx) throw failureOf('CommandFailed', `the router ${settings.router.service} has no container`);
  return nginx;
}
