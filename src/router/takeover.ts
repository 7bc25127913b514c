import type { RouterSettings } from '../model/settings.js';
import type { Slot } from '../model/slot.js';
import { isDefault, keptWhole, listensOf, openPort } from './kept-servers.js';
import { followingServer } from './kept-pass.js';
import { isOfSnippets, mergedServer, type MergedServer } from './merged-server.js';
import { printNginx } from './nginx-print.js';
import type { Directive } from './nginx-syntax.js';
import { everything, serversOn, tell, withinHttp, type SlotNames } from './served-slots.js';
import { takenFiles, type TakenFiles } from './taken-files.js';
import { namesSlot, type Scene } from './takeover-scene.js';
import { keptInPlaces, withIncludes, withoutUnused, type Places } from './takeover-places.js';

/** What is taken over of a router that a user's own config serves. A plan: nothing is written by it. */
export interface Takeover {
  /** What is live, and stays so. */
  readonly slot: Slot;
  /** Files to write below the snippets directory before the config is replaced. */
  readonly snippets: readonly Snippet[];
  /**
   * The user's other files in the config directory whose content is in the snippets now, absolute. They get a name that nginx
   * does not read, in the same breath as `default.conf` is replaced: both together would be refused, or answer first.
   */
  readonly moved: readonly string[];
  /** What the user has written, and what has taken its place. */
  readonly kept: readonly KeptDirective[];
  /** Keys of `router` in `pointsman.yml`, as they are written there: `{ maxBody: '20m', snippets: '/etc/nginx/conf.d/snippets' }`. */
  readonly settings: Readonly<Record<string, string>>;
  /** A port on which none of the user's servers listens. */
  readonly freePort: number;
  /** What cannot be taken over: its place, why, and what to do. Where there is any, nothing is taken over. */
  readonly byHand: readonly string[];
}

/** One file of the snippets directory, complete. */
export interface Snippet {
  /** Relative to that directory: `http/adopted.conf`. */
  readonly path: string;
  readonly text: string;
}

export interface KeptDirective {
  /** `default.conf:12 add_header X-Own kept` */
  readonly told: string;
  /** `http/adopted.conf`, `server/adopted.conf`, `location/adopted.conf`, `router.maxBody: 20m`, or why nothing is needed. */
  readonly to: string;
}

/** What the config alone does not tell. */
export interface TakeoverFacts {
  /** The slot that is live. */
  readonly slot: Slot;
  readonly router: RouterSettings;
  /** By what each slot can be named in the config. */
  readonly names: Readonly<Record<Slot, SlotNames>>;
  /** nginx 1.27.4 or later. */
  readonly modern: boolean;
}

/**
 * What of a user's config stays, and where, once pointsman's own config is in its place with {@link Takeover.settings}.
 *
 * The server that answers on the router's port becomes pointsman's, where the two are alike. All others stay whole, beside
 * pointsman's; and where the two are not alike it too stays whole, and pointsman's gets a port that nobody asks (`settings.port`).
 *
 * @param tree all that nginx reads (`treeOfDump`).
 */
export function takeoverOf(tree: readonly Directive[], facts: TakeoverFacts): Takeover {
  const { slot, router } = facts;
  const http = withinHttp(tree);
  const scene: Scene = { ...facts, http, kept: [], byHand: [], origin: new WeakMap() };
  const taken = takenFiles(scene);
  refuseOutside(tree, scene);
  const { places, settings } = placesOf(taken, scene);
  refuseLeftOver(places, scene);
  if (router.snippets === undefined) settings['snippets'] = `${router.configDirectory}/snippets`;
  const printed = withIncludes(places, taken, scene);
  const own = `${router.configDirectory}/default.conf`;
  return {
    slot,
    snippets: levels.flatMap((level) => snippet(`${level}/adopted.conf`, printed[level], taken)),
    moved: [...taken.files].filter((file) => file !== own),
    kept: [...keptInPlaces(places, scene), ...keptAsSettings(settings)],
    settings,
    freePort: openPort(scene),
    byHand: scene.byHand,
  };
}

const levels = ['http', 'server', 'location'] as const;

function snippet(path: string, directives: readonly Directive[], { files }: TakenFiles): Snippet[] {
  if (directives.length === 0) return [];
  const from = [...files].map((file) => file.replace(/^.*\//, '')).join(', ');
  return [
    { path, text: `# Taken over from ${from} by pointsman adopt. This file is yours now.\n${printNginx(directives)}` },
  ];
}

function placesOf(taken: TakenFiles, scene: Scene): { places: Places; settings: Record<string, string> } {
  const merged = mergeable(taken, scene);
  const into = merged ? mergedServer(merged, scene) : null;
  const top = taken.directives.filter((one) => one !== (into ? merged : null) && !isOfSnippets(one, scene));
  const whole = top.flatMap((one) => {
    if (one.name === 'upstream') return upstreamIn(one, scene);
    return one.name === 'server' && one.block ? [followingServer(one, scene)] : [one];
  });
  const http = keptWhole(whole, { merged: into ? merged : null, scene });
  const places = { http, server: into?.server ?? [], location: into?.location ?? [] };
  return {
    places: withoutUnused(places, taken, scene),
    settings: { ...idleOf(taken, scene), ...settingsOf(into, scene) },
  };
}

function settingsOf(into: MergedServer | null, scene: Scene): Record<string, string> {
  if (into) return { ...into.settings };
  const port = openPort(scene);
  return port === scene.router.port ? {} : { port: String(port) };
}

/** The server that answers on the router's port where no name is known, if it is the user's and no other file has one there. */
function mergeable({ directives }: TakenFiles, { http, router }: Scene): Directive | null {
  const there = serversOn(http, router.port);
  if (there.some((server) => !directives.includes(server))) return null;
  return there.find((server) => listensOf(server).some(isDefault)) ?? there[0] ?? null;
}

/** Of a slot: pointsman's takes its place. Any other stays. */
function upstreamIn(upstream: Directive, scene: Scene): Directive[] {
  if (!namesSlot(upstream, scene.names)) return [upstream];
  const servers = (upstream.block ?? []).filter(({ name }) => name === 'server');
  const others = servers.filter((server) => !namesSlot({ ...upstream, block: [server] }, scene.names));
  if (others.length > 0) {
    scene.byHand.push(
      `${others.map(tell).join('; ')}: it stands in one upstream with a slot. Give it an upstream of its own, or remove it.`,
    );
  }
  const limited = servers.filter(({ args }) => args.some((arg) => /^(?:max_conns|slow_start)=/.test(arg)));
  if (limited.length > 0) {
    scene.byHand.push(
      `${limited.map(tell).join('; ')}: pointsman's upstream has no such limit. Remove it, or set the limit in the app.`,
    );
  }
  scene.kept.push({ told: tell(upstream), to: "pointsman's own upstream" });
  return [];
}

/** How long a connection to the app is kept, where its upstream says so. */
function idleOf({ directives }: TakenFiles, { names }: Scene): Record<string, string> {
  const said = directives
    .filter((one) => one.name === 'upstream' && namesSlot(one, names))
    .flatMap(({ block }) => (block ?? []).filter(({ name }) => name === 'keepalive_timeout'));
  const [value = ''] = said[0]?.args ?? [];
  return /^\d+(?:ms|[smh])?$/.test(value) ? { upstreamIdle: /^\d+$/.test(value) ? `${value}s` : value } : {};
}

function keptAsSettings(settings: Readonly<Record<string, string>>): KeptDirective[] {
  const words: Readonly<Record<string, string>> = {
    maxBody: 'client_max_body_size',
    readTimeout: 'proxy_read_timeout',
    sendTimeout: 'proxy_send_timeout',
    upstreamIdle: 'keepalive_timeout of the upstream',
  };
  return Object.entries(settings).flatMap(([key, value]) => {
    const told = words[key];
    return told === undefined ? [] : [{ told, to: `router.${key}: ${value}` }];
  });
}

/** Beside `http` nothing follows a switch. */
function refuseOutside(tree: readonly Directive[], { names, byHand }: Scene): void {
  const outside = tree.filter(({ name }) => name === 'stream' || name === 'mail');
  const found = everything(outside).filter((one) => one.name === 'upstream' || one.name === 'proxy_pass');
  for (const one of found.filter((inner) => namesSlot(inner, names))) {
    byHand.push(
      `${tell(one)}: it is no HTTP, and does not follow pointsman's switch. Remove it, or let it ask the router.`,
    );
  }
}

/** A name of a slot that stays keeps nginx from loading anything once that slot is stopped. */
function refuseLeftOver({ http, server, location }: Places, { names, byHand }: Scene): void {
  if (byHand.length > 0) return;
  const all = everything([...http, ...server, ...location]);
  const left = all.filter((one) => (one.name === 'upstream' || one.name.endsWith('_pass')) && namesSlot(one, names));
  const lua = all.filter(({ name }) => name.endsWith('_by_lua_block'));
  const spoken = lua.filter(({ args }) =>
    [...names.blue.hosts, ...names.green.hosts].some((host) => args.at(-1)?.includes(host)),
  );
  for (const one of [...left, ...spoken]) {
    byHand.push(
      `${one.file.replace(/^.*\//, '')}:${one.line} ${one.name}: it names a slot. Name the upstream pointsman_live there.`,
    );
  }
}
