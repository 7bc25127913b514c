import type { Live } from '../model/slot.js';
import { holdAnswer, holdHeading, holdMaps, holdStatus, type HoldConfig } from './hold-config.js';

/** First line of every config that pointsman writes: what has it may be replaced by pointsman. */
export const marker = '# Written by pointsman: it is replaced at each deploy.';

/** Where the router says what it serves. Answered by nginx itself, so it tells which config is loaded, not what a slot thinks. */
export const statusPath = '/__pointsman';

export interface LiveConfig {
  readonly live: Live;
  /** Compose service of the slot. */
  readonly service: string;
  readonly upstreamPort: number;
  readonly port: number;
  /** nginx 1.27.4 or later: reloads without resets, and names that may be missing. */
  readonly modern: boolean;
  /** Absent: writes go through. */
  readonly hold?: HoldConfig | null;
}

/** The router's whole config while a slot is live. */
export function renderLiveConfig({ live, service, upstreamPort, port, modern, hold }: LiveConfig): string {
  return `${marker}
${hold ? holdHeading(hold) : ''}${modern ? modernUpstream(service, upstreamPort) : plainUpstream(service, upstreamPort)}
map $http_upgrade $pointsman_connection {
    default upgrade;
    '' '';
}

${hold ? holdMaps(hold) : ''}server {
    listen ${port} default_server;
    server_name _;
    client_max_body_size 100m;
${modern ? '    # A client that keeps its connection gets this long to see that it closes: no resets at a reload.\n    keepalive_min_timeout 2s;\n' : ''}
    add_header X-Pointsman-Slot ${live.slot} always;

    location = ${statusPath} {
${statusAnswer(live, hold)}
    }

    location / {
${hold ? holdAnswer(hold, live) : ''}        proxy_pass http://pointsman_live;
        proxy_http_version 1.1;
        proxy_set_header Host $http_host;
        proxy_set_header X-Real-IP $remote_addr;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $pointsman_connection;
        # A request that may have reached the app is never sent twice.
        proxy_next_upstream off;
        proxy_read_timeout 300s;
    }
}
`;
}

/** The router's whole config while no slot is live: valid, healthy, and clear to whoever asks. */
export function renderPlaceholder(port: number): string {
  return `${marker}
server {
    listen ${port} default_server;
    server_name _;

    location = ${statusPath} {
${statusAnswer(null)}
    }

    location / {
        default_type text/plain;
        add_header Retry-After 5 always;
        return 503 "No release is live yet. The first deploy is on its way, or has failed.\\n";
    }
}
`;
}

// The name is resolved again and again: a slot that is stopped, or started anew with another address, must
// neither keep nginx from starting nor leave it with a stale address.
function modernUpstream(service: string, port: number): string {
  return `upstream pointsman_live {
    zone pointsman_live 64k;
    resolver 127.0.0.11 valid=1s ipv6=off;
    server ${service}:${port} resolve;
    keepalive 32;
}
`;
}

function plainUpstream(service: string, port: number): string {
  return `upstream pointsman_live {
    server ${service}:${port};
    keepalive 32;
}
`;
}

function statusAnswer(live: Live | null, hold?: HoldConfig | null): string {
  const answer = JSON.stringify({ slot: live?.slot ?? null, release: live?.release ?? null });
  return `        default_type application/json;
        add_header Cache-Control no-store always;
        return 200 '${answer.slice(0, -1)}${hold ? holdStatus(hold) : ''}}';`;
}

/** What a config serves: as its own status answer would say, or the slot that one written by hand sends requests to. */
export function liveInConfig(config: string, services: Readonly<Record<'blue' | 'green', string>>): Live | null {
  if (!config.startsWith(marker)) {
    const slot = slotInConfig(config, services);
    return slot ? { slot, release: null } : null;
  }
  const [answer] = /\{"slot":("\w+"|null),"release":("[^"]*"|null)/.exec(config) ?? [];
  const { slot, release } = JSON.parse(answer ? `${answer}}` : '{}') as Partial<Live>;
  return slot ? { slot, release: release ?? null } : null;
}

/**
 * The slot that a config written by hand sends requests to: the only slot service that a directive names.
 * `null` when it names none, or both.
 */
export function slotInConfig(
  config: string,
  services: Readonly<Record<'blue' | 'green', string>>,
): 'blue' | 'green' | null {
  const directives = config.replaceAll(/#.*$/gm, '');
  const named = (['blue', 'green'] as const).filter((slot) =>
    new RegExp(
      String.raw`(server|proxy_pass|set)\s[^;]*(?<![\w.-])${services[slot].replaceAll('.', String.raw`\.`)}(?![\w.-])`,
    ).test(directives),
  );
  return named.length === 1 ? (named[0] ?? null) : null;
}
