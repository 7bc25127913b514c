import { slots, type Slot } from '../model/slot.js';
import type { Directive } from './nginx-syntax.js';

/** How the containers of a slot can be named in a config: service, container names, aliases, addresses; host ports apart. */
export interface SlotNames {
  readonly hosts: readonly string[];
  /** Ports of the host that lead into the slot. */
  readonly ports: readonly number[];
}

/** A directive that sends requests to slots. */
export interface Way {
  /** `default.conf:12 proxy_pass http://blue` */
  readonly told: string;
  /** Empty: to something else. Both: which of them cannot be told from the config alone. */
  readonly to: readonly Slot[];
  /** Whether a variable is in it that only a request gives its value. */
  readonly open: boolean;
}

/** The one slot that all ways to slots lead to; `null` where there is none, or where another way may be meant. */
export function servedSlot(ways: readonly Way[]): Slot | null {
  const [slot, ...others] = new Set(ways.flatMap(({ to }) => to));
  return slot === undefined || others.length > 0 || ways.some(({ open }) => open) ? null : slot;
}

/** All servers of a config, or of the part of one that stands within `http`. */
export function serversOf(tree: readonly Directive[]): Directive[] {
  return withinHttp(tree).filter(({ name, block }) => name === 'server' && block !== null);
}

/** Servers that listen on this port, whichever file they stand in. */
export function serversOn(tree: readonly Directive[], port: number): Directive[] {
  return serversOf(tree).filter(({ block }) => portsOf(block ?? []).includes(port));
}

/** What stands within `http`; all of it, where a file is read by itself. */
export function withinHttp(tree: readonly Directive[]): readonly Directive[] {
  const http = tree.filter(({ name }) => name === 'http');
  return http.length > 0 ? http.flatMap(({ block }) => block ?? []) : tree;
}

/** nginx listens on 80 where nothing is said, and on nothing else of a name or an address alone. */
export function portsOf(server: readonly Directive[]): number[] {
  const listens = server.filter(({ name }) => name === 'listen').map(({ args }) => args[0] ?? '');
  if (listens.length === 0) return [80];
  return listens.filter((at) => !at.startsWith('unix:')).map((at) => Number(/(?:^|:)(\d+)$/.exec(at)?.[1] ?? 80));
}

/** Every way out of these servers, as the config tells it: upstreams, variables, maps and splits are followed. */
export function waysOf(
  servers: readonly Directive[],
  tree: readonly Directive[],
  names: Readonly<Record<Slot, SlotNames>>,
): Way[] {
  const http = withinHttp(tree);
  return servers.flatMap((server) => {
    const inside = everything(server.block ?? []);
    const scope = [...http, ...inside];
    return inside
      .filter(({ name }) => /^(?:proxy|grpc|fastcgi|uwsgi|scgi)_pass$/.test(name))
      .map((pass) => {
        const targets = targetsOf(pass, scope);
        const open = targets.some((target) => target.includes(unknown));
        return { told: tell(pass), to: slotsBehind(targets, http, names), open };
      });
  });
}

/** Directives, and all that is in their blocks. */
export function everything(directives: readonly Directive[]): Directive[] {
  return directives.flatMap((one) => [one, ...everything(one.block ?? [])]);
}

/** A directive with its place, as a person would look it up. */
export function tell({ name, args, file, line }: Directive): string {
  return `${file.replace(/^.*\//, '')}:${line} ${[name, ...args].join(' ')}`;
}

/** Addresses that a pass may mean: one, or all that its variables can be. */
function targetsOf({ args }: Directive, scope: readonly Directive[]): string[] {
  return valuesOf(args[0] ?? '', scope, 0).map((target) => target.replace(/^\w+:\/\//, ''));
}

/** In the place of a variable's value that only a request gives. */
const unknown = '\0';

/** More values than that are no switch between two slots. */
const mostValues = 64;

/** Everything that a text with variables can be. */
function valuesOf(text: string, scope: readonly Directive[], depth: number): string[] {
  const [whole, braced, bare] = /\$(?:\{(\w+)\}|(\w+))/.exec(text) ?? [];
  if (whole === undefined || depth > 10) return [text];
  const known = assigned(`$${braced ?? bare}`, scope);
  const values = known.length > 0 ? known : [unknown];
  return values
    .slice(0, mostValues)
    .flatMap((value) =>
      valuesOf(
        text.replace(whole, () => value),
        scope,
        depth + 1,
      ),
    )
    .slice(0, mostValues);
}

/** What a variable is given by `set`, `map`, `geo` and `split_clients`. */
function assigned(variable: string, scope: readonly Directive[]): string[] {
  const values = scope.flatMap(({ name, args, block }) => {
    if (name === 'set' && args[0] === variable) return [args[1] ?? ''];
    if (!['map', 'geo', 'split_clients'].includes(name) || args.at(-1) !== variable) return [];
    // `hostnames` and `volatile` of a map are no values.
    return (block ?? []).flatMap(({ args: [value] }) => (value === undefined ? [] : [value]));
  });
  return [...new Set(values)];
}

function slotsBehind(
  targets: readonly string[],
  http: readonly Directive[],
  names: Readonly<Record<Slot, SlotNames>>,
): Slot[] {
  const addresses = targets.flatMap((target) => {
    const place = target.replace(/[/?].*$/s, '');
    const upstream = http.find(({ name, args }) => name === 'upstream' && args[0] === place);
    return upstream ? serversOfUpstream(upstream) : [place];
  });
  return slots.filter((slot) => addresses.some((address) => leadsTo(address, names[slot])));
}

/** Those that get requests: not what is marked as down, and a backup only where there is nothing else. */
function serversOfUpstream({ block }: Directive): string[] {
  const servers = (block ?? []).filter(({ name, args }) => name === 'server' && !args.includes('down'));
  const first = servers.filter(({ args }) => !args.includes('backup'));
  return (first.length > 0 ? first : servers).map(({ args }) => args[0] ?? '');
}

function leadsTo(address: string, { hosts, ports }: SlotNames): boolean {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]*))(?::(\d+))?$/.exec(address) ?? [];
  const host = (bracketed ?? plain ?? '').toLowerCase();
  if (hosts.includes(host)) return true;
  // With the port of a slot it is this machine, by whichever of its addresses; a single word is a service.
  return ports.includes(Number(port)) && (host === 'localhost' || !/^[a-z][\w-]*$/.test(host));
}
