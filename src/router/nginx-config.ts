import type { RouterSettings } from '../model/settings.js';
import type { Live, Slot } from '../model/slot.js';
import { liveInOwn } from './own-answer.js';
import { candidateLine, candidateMaps, setsCookie, type CandidateConfig } from './candidate-config.js';
import { holdAnswer, holdLine, holdMaps, holdStatus, type HoldConfig } from './hold-config.js';
import { maintenanceAnswer, maintenanceLine, maintenanceMaps, type MaintenanceConfig } from './maintenance-config.js';
import { NginxSyntaxError, parseNginx } from './nginx-syntax.js';
import { closedMaps, liveMap, passedOnHeaders } from './snippet-names.js';
import { serversOf, servedSlot, waysOf, type Way } from './served-slots.js';
import { quotedJson } from './state-line.js';
import { nginxTime, renderUpstream } from './upstream-config.js';
import { watchLine, watchLog, type WatchConfig } from './watch-config.js';

/** First line of every config that pointsman writes: what has it may be replaced by pointsman. */
export const marker = '# Written by pointsman: it is replaced at each deploy.';

/** Where the router says what it serves. Answered by nginx itself, so it tells which config is loaded, not what a slot thinks. */
export const statusPath = '/__pointsman';

/** Compose service of each slot. */
export type SlotServices = Readonly<Record<Slot, string>>;

export interface LiveConfig {
  readonly live: Live;
  /** Compose service of the slot. */
  readonly service: string;
  readonly upstreamPort: number;
  readonly port: number;
  /** nginx 1.27.4 or later: reloads without resets, and names that may be missing. */
  readonly modern: boolean;
  /** nginx 1.29.3 or later: headers of the user's snippets and ours add up, wherever they stand. Default false. */
  readonly mergesHeaders?: boolean;
  /** Limits and snippets of the user's. Default: none. */
  readonly own?: Pick<RouterSettings, 'maxBody' | 'readTimeoutMs' | 'sendTimeoutMs' | 'upstreamIdleMs' | 'snippets'>;
  /** Absent: writes go through. */
  readonly hold?: HoldConfig | null;
  /** Absent: all requests go to the live slot. Only for a modern nginx. */
  readonly candidate?: CandidateConfig | null;
  /** Absent: what is answered is not noted. */
  readonly watch?: WatchConfig | null;
  /** Absent: the app is served. */
  readonly maintenance?: MaintenanceConfig | null;
}

/**
 * The router's whole config while a slot is live: a function of what it serves and of the states that it is in.
 *
 * How long an old worker may go on is not in here: `worker_shutdown_timeout` stands outside of `http`, where no file of this
 * directory is included. The step that drains a slot ends such a worker instead (`Nginx.endOldWorkers`).
 *
 * @throws {Error} for a candidate where nginx is not modern: a slot that is stopped would keep it from starting.
 */
export function renderLiveConfig(config: LiveConfig): string {
  const { candidate, modern } = config;
  if (candidate && !modern) throw new Error('a candidate needs nginx 1.27.4 or later');
  const slots = [{ slot: config.live.slot, service: config.service }, ...(candidate ? [candidate] : [])];
  return `${marker}
${stateLines(config)}${snippets(config, 'http')}${slots.map((slot) => renderUpstream(slot, config)).join('')}
${namesForSnippets(config)}map $http_upgrade $pointsman_connection {
    default upgrade;
    '' '';
}

${maps(config)}${server(config)}`;
}

function stateLines({ hold, candidate, watch, maintenance }: LiveConfig): string {
  return [
    hold ? holdLine.write(hold) : '',
    candidate ? candidateLine.write(candidate) : '',
    watch ? watchLine.write(watch) : '',
    maintenance ? maintenanceLine.write(maintenance) : '',
  ].join('');
}

function maps({ live, hold, candidate, watch, maintenance }: LiveConfig): string {
  return [
    candidate ? candidateMaps(candidate, live) : '',
    watch ? watchLog(watch, candidate ? '$pointsman_slot' : live.slot) : '',
    maintenance ? maintenanceMaps(maintenance, statusPath) : '',
    hold ? holdMaps(hold) : '',
  ].join('');
}

function server(config: LiveConfig): string {
  const { live, port, modern, own = {}, hold, candidate, maintenance } = config;
  const headers = ownHeaders(config);
  return `server {
    listen ${port} default_server;
    server_name _;
    client_max_body_size ${own.maxBody ?? '100m'};
${modern ? '    # A client that keeps its connection gets this long to see that it closes: no resets at a reload.\n    keepalive_min_timeout 2s;\n' : ''}
${headers.map((header) => `    ${header}\n`).join('')}
${maintenance ? maintenanceAnswer : ''}${passedOn(config)}${snippets(config, 'server', '    ')}    location = ${statusPath} {
${statusAnswer(live, config)}
    }

    location / {
${inherited(config)}${hold ? holdAnswer(hold, mergesHeaders(config) ? [] : headers) : ''}        proxy_pass http://pointsman_${candidate ? '$pointsman_slot' : live.slot};
        proxy_http_version 1.1;
${requestHeaders(config)}        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $pointsman_connection;
        # A request that may have reached the app is never sent twice.
        proxy_next_upstream off;
        proxy_read_timeout ${nginxTime(own.readTimeoutMs ?? 300_000)};
${own.sendTimeoutMs === undefined ? '' : `        proxy_send_timeout ${nginxTime(own.sendTimeoutMs)};\n`}${snippets(config, 'location', '        ')}    }
}
`;
}

/** Who answered: the slot that really did, where there are two. */
function ownHeaders({ live, candidate = null }: LiveConfig): readonly string[] {
  if (!candidate) {
    const release = live.release === null ? [] : [`add_header X-Pointsman-Release "${live.release}" always;`];
    return [`add_header X-Pointsman-Slot ${live.slot} always;`, ...release];
  }
  return [
    'add_header X-Pointsman-Slot $pointsman_slot always;',
    'add_header X-Pointsman-Release $pointsman_release always;',
    ...(setsCookie(candidate) ? ['add_header Set-Cookie $pointsman_cookie always;'] : []),
  ];
}

/** What the user's snippets can count on, whatever is live and whichever states there are. */
function namesForSnippets(config: LiveConfig): string {
  const { own = {}, live, service, candidate = null, hold = null, maintenance = null } = config;
  if (own.snippets === undefined) return '';
  return `${renderUpstream({ slot: 'live', service, next: candidate?.service }, config)}
${liveMap(live.slot, candidate)}${closedMaps({ held: hold !== null, maintained: maintenance !== null })}`;
}

/** A snippet in the server may set each of these anew; one that is empty is not sent. */
function passedOn({ own = {} }: LiveConfig): string {
  if (own.snippets === undefined) return '';
  return `${passedOnHeaders.map(({ variable, value }) => `    set ${variable} ${value};\n`).join('')}\n`;
}

function requestHeaders({ own = {} }: LiveConfig): string {
  const value = own.snippets === undefined ? 'value' : 'variable';
  return passedOnHeaders.map((header) => `        proxy_set_header ${header.name} ${header[value]};\n`).join('');
}

function mergesHeaders({ mergesHeaders: can = false, own = {} }: LiveConfig): boolean {
  return can && own.snippets !== undefined;
}

function inherited(config: LiveConfig): string {
  if (!mergesHeaders(config)) return '';
  return '        # Headers of the snippets are sent beside ours, not in their place.\n        add_header_inherit merge;\n';
}

/** A pattern that matches no file is fine with nginx, and so is a directory that is not there. */
function snippets({ own = {} }: LiveConfig, level: 'http' | 'server' | 'location', indent = ''): string {
  if (own.snippets === undefined) return '';
  return `${indent}include ${own.snippets}/${level}/*.conf;\n${level === 'location' ? '' : '\n'}`;
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

function statusAnswer(
  live: Live | null,
  { hold, candidate, watch, maintenance }: Pick<LiveConfig, 'hold' | 'candidate' | 'watch' | 'maintenance'> = {},
): string {
  const states = [
    hold ? holdStatus(hold) : '',
    candidate ? `,"canary":${quotedJson(told(candidate))}` : '',
    watch ? ',"watched":true' : '',
    maintenance ? `,"maintenance":${quotedJson({ by: maintenance.by, since: maintenance.since })}` : '',
  ];
  const answer = quotedJson({ slot: live?.slot ?? null, release: live?.release ?? null });
  return `        default_type application/json;
        add_header Cache-Control no-store always;
        return 200 '${answer.slice(0, -1)}${states.join('')}}';`;
}

function told({ slot, release, weight }: CandidateConfig) {
  return { slot, release, weight };
}

/** What a config serves: as its own status answer would say, or the slot that one written by hand sends requests to. */
export function liveInConfig(config: string, services: SlotServices): Live | null {
  if (!isOwnConfig(config)) {
    const slot = slotInConfig(config, services);
    return slot ? { slot, release: null } : null;
  }
  return liveInOwn(config);
}

/** Whether a file of pointsman's is among those that `nginx -T` has printed. */
export function isOwnDump(dump: string): boolean {
  return dump.includes(marker);
}

/**
 * What nginx is told to serve by a file of pointsman's among those that `nginx -T` has printed. A router of ours that is just
 * being started does not answer yet, and its release is known all the same.
 */
export function liveInDump(dump: string): Live | null {
  return liveInOwn(dump.slice(dump.indexOf(marker)));
}

/** The server's block is the last one, and a location is the last of that. */
const ending = /\n {4}\}\n\}\s*$/;

/** Whether pointsman has written it; one that was cut short while it was put in place included. */
export function isOwnConfig(config: string): boolean {
  return config.startsWith(marker);
}

/** Whether a config of pointsman's own is there from its first line to its last. */
export function isWhole(config: string): boolean {
  return isOwnConfig(config) && ending.test(config);
}

/**
 * The slot that a config written by hand sends requests to, or, where that is a part of one, the only slot service that a
 * directive names. `null` when it names none, or both.
 */
export function slotInConfig(config: string, services: SlotServices): Slot | null {
  const ways = waysIn(config, services);
  return ways.length > 0 ? servedSlot(ways) : slotNamedIn(config, services);
}

function waysIn(config: string, services: SlotServices): Way[] {
  const names = { blue: { hosts: [services.blue], ports: [] }, green: { hosts: [services.green], ports: [] } };
  try {
    const tree = parseNginx(config, 'default.conf');
    return waysOf(serversOf(tree), tree, names);
  } catch (error) {
    if (error instanceof NginxSyntaxError) return [];
    throw error;
  }
}

function slotNamedIn(config: string, services: SlotServices): Slot | null {
  const directives = config.replaceAll(/#.*$/gm, '');
  const named = (['blue', 'green'] as const).filter((slot) =>
    new RegExp(
      String.raw`(server|proxy_pass|set)\s[^;]*(?<![\w.-])${services[slot].replaceAll('.', String.raw`\.`)}(?![\w.-])`,
    ).test(directives),
  );
  return named.length === 1 ? (named[0] ?? null) : null;
}
