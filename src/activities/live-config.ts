import type { Host } from '../hosts/host.js';
import type { Settings } from '../model/settings.js';
import type { Live } from '../model/slot.js';
import type { HoldConfig } from '../router/hold-config.js';
import { Nginx } from '../router/nginx.js';
import { renderLiveConfig, renderPlaceholder } from '../router/nginx-config.js';
import { failureOf } from './failures.js';

/** The router of a project, for a step that cannot do without. */
export async function routerOf(host: Host, settings: Settings): Promise<Nginx> {
  const nginx = await Nginx.find(host, settings);
  if (!nginx) throw failureOf('CommandFailed', `the router ${settings.router.service} has no container`);
  return nginx;
}

/** The config of a router that serves `live`, in the form that its nginx understands. */
export async function configFor(
  nginx: Nginx,
  settings: Settings,
  live: Live | null,
  hold: HoldConfig | null = null,
): Promise<string> {
  const { port, upstreamPort } = settings.router;
  if (!live) return renderPlaceholder(port);
  // A router that does not run yet cannot tell its version; its names may be missing, so the modern form is needed.
  const modern = nginx.running ? await nginx.isModern() : true;
  return renderLiveConfig({ live, service: settings.slots[live.slot], upstreamPort, port, modern, hold });
}
