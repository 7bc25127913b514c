import type { Slot } from '../model/slot.js';
import type { LiveConfig } from './nginx-config.js';

export interface Upstream {
  readonly slot: Slot | 'live';
  /** Compose service that is behind it. */
  readonly service: string;
  /** Compose service that may take its place: no request is sent there, but its address is known from now on. */
  readonly next?: string | undefined;
}

/** What else an upstream depends on. */
export type UpstreamSettings = Pick<LiveConfig, 'upstreamPort' | 'modern' | 'own'>;

/**
 * One for each slot, named after it: what nginx knows of its addresses is taken over by a reload under the same name, and a
 * slot that was there before gets its first request without waiting for them.
 *
 * The name is resolved again and again: a slot that is stopped, or started anew with another address, must neither keep nginx
 * from starting nor leave it with a stale address.
 */
export function renderUpstream(
  { slot, service, next }: Upstream,
  { upstreamPort, modern, own = {} }: UpstreamSettings,
): string {
  const name = `pointsman_${slot}`;
  // A server that stands alone is asked whatever it answered before; beside another one it has to be told.
  const servers = next
    ? `    server ${service}:${upstreamPort} resolve max_fails=0;\n    server ${next}:${upstreamPort} resolve down;\n`
    : `    server ${service}:${upstreamPort} resolve;\n`;
  const known = modern
    ? `    zone ${name} 64k;\n    resolver 127.0.0.11 valid=1s ipv6=off;\n${servers}`
    : `    server ${service}:${upstreamPort};\n`;
  const idle = own.upstreamIdleMs === undefined ? '' : `    keepalive_timeout ${nginxTime(own.upstreamIdleMs)};\n`;
  return `upstream ${name} {\n${known}    keepalive 32;\n${idle}}\n`;
}

export interface WarmUpConfig extends UpstreamSettings {
  /** Compose service of the slot. */
  readonly service: string;
  /** That nobody asks. */
  readonly port: number;
  /** Whether the user's config lets a reload reset kept connections: the one that ends this must not do so again. */
  readonly resets: boolean;
  /** Path of the app by which it is seen whether nginx knows the slot's address. */
  readonly healthPath: string;
}

/** Where a warm-up answers from an upstream. */
export function warmUpPath(name: Upstream['slot']): string {
  return `/__pointsman/warm-up/${name}`;
}

/** What is loaded beside a user's config before pointsman's takes its place: the upstreams of that, with the addresses known. */
export function renderWarmUp(names: readonly Upstream['slot'][], config: WarmUpConfig): string {
  const { service, port, resets, healthPath } = config;
  const upstreams = names.map((slot) => renderUpstream({ slot, service }, config));
  const locations = names.map(
    (slot) =>
      `    location = ${warmUpPath(slot)} {\n        proxy_pass http://pointsman_${slot}${healthPath};\n    }\n`,
  );
  return `# pointsman adopt has put this here for a moment.
${resets ? 'keepalive_min_timeout 2s;\n' : ''}${upstreams.join('')}server {
    listen ${port};
${locations.join('')}    location / {
        return 404;
    }
}
`;
}

/** In nginx's words. */
export function nginxTime(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}
