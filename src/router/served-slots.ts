import { slots, type Slot } from '../model/slot.js';
import type { Directive } from './nginx-syntax.js';

/** How the containers of a slot can be named in a config: service, container names, aliases, addresses; host ports apart. */
export interface SlotNames {
  readonly hosts: readonly string[];
  /** Ports of the host that lead into the slot. */
  readonly ports: readonly number[];
  /** Those by which they do over IPv6, where Docker has others there: it gives free ones out apart. Default: `ports`. */
  readonly portsOverIpv6?: readonly number[];
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
  return servers.flatMap((server) =>
    everything(server.block ?? [])
      .filter(isPass)
      .map((pass) => {
        const { to, open } = destinationOf(pass, { server, http, names });
        return { told: tell(pass), to, open };
      }),
  );
}

/** Whether a directive hands requests to another server. */
export function isPass({ name }: Directive): boolean {
  return /^(?:proxy|grpc|fastcgi|uwsgi|scgi)_pass$/.test(name);
}

/** Where a pass is looked at. */
export interface PassPlace {
  readonly server: Directive;
  /** All that stands within `http`. */
  readonly http: readonly Directive[];
  readonly names: Readonly<Record<Slot, SlotNames>>;
}

/** Where a pass leads, as far as the config tells it. */
export interface Destination extends Pick<Way, 'to' | 'open'> {
  /** What it can be once its variables have their values. */
  readonly urls: readonly string[];
  /** What it asks in the end: upstreams are followed. */
  readonly addresses: readonly string[];
}

export function destinationOf(pass: Directive, { server, http, names }: PassPlace): Destination {
  const urls = valuesOf(pass.args[0] ?? '', [...http, ...everything(server.block ?? [])], 0);
  const targets = urls.map((url) => url.replace(/^\w+:\/\//, ''));
  const addresses = targets.flatMap((target) => addressesBehind(target, http));
  const to = slots.filter((slot) => addresses.some((address) => leadsTo(address, names[slot])));
  return { urls, addresses, to, open: addresses.some((address) => address.includes(unknown)) };
}

/** Directives, and all that is in their blocks. */
export function everything(directives: readonly Directive[]): Directive[] {
  return directives.flatMap((one) => [one, ...everything(one.block ?? [])]);
}

/** A directive with its place, as a person would look it up. */
export function tell({ name, args, file, line }: Directive): string {
  return `${file.replace(/^.*\//, '')}:${line} ${[name, ...args].join(' ')}`;
}

/** In the place of a variable's value that only a request gives. */
const unknown = '\0';

/** Of these it is known that a path begins with them. */
const paths = ['$request_uri', '$uri', '$document_uri'];

/** More values than that are no switch between two slots. */
const mostValues = 64;

/** Everything that a text with variables can be. */
function valuesOf(text: string, scope: readonly Directive[], depth: number): string[] {
  const [whole, braced, bare] = /\$(?:\{(\w+)\}|(\w+))/.exec(text) ?? [];
  if (whole === undefined || depth > 10) return [text];
  const known = assigned(`$${braced ?? bare}`, scope, depth);
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
function assigned(variable: string, scope: readonly Directive[], depth: number): string[] {
  if (paths.includes(variable)) return [`/${unknown}`];
  const values = scope.flatMap((directive) => {
    const { name, args, block } = directive;
    if (name === 'set' && args[0] === variable) return [args[1] ?? ''];
    if (!['map', 'geo', 'split_clients'].includes(name) || args.at(-1) !== variable) return [];
    return (name === 'map' && mapped(directive, scope, depth)) || valuesIn(block ?? []);
  });
  return [...new Set(values)];
}

/** `hostnames` and `volatile` of a map are no values. */
function valuesIn(block: readonly Directive[]): string[] {
  return block.flatMap(({ args: [value] }) => (value === undefined ? [] : [value]));
}

/** What a map gives for what its source is known to be; `null` where only a request tells that. */
function mapped({ args, block }: Directive, scope: readonly Directive[], depth: number): string[] | null {
  const keys = valuesOf(args[0] ?? '', scope, depth + 1);
  const lines = (block ?? []).filter(({ args: [value] }) => value !== undefined);
  if (keys.some((key) => key.includes(unknown)) || lines.some(({ name }) => /^~|^include$/.test(name))) return null;
  return keys.map((key) => {
    const line = lines.find(({ name }) => name.toLowerCase() === key.toLowerCase());
    return (line ?? lines.find(({ name }) => name === 'default'))?.args[0] ?? '';
  });
}

function addressesBehind(target: string, http: readonly Directive[]): string[] {
  const place = target.replace(/[/?].*$/s, '');
  const upstream = http.find(({ name, args }) => name === 'upstream' && args[0] === place);
  return upstream ? serversOfUpstream(upstream) : [place];
}

/** Those that get requests: not what is marked as down, and a backup only where there is nothing else. */
function serversOfUpstream({ block }: Directive): string[] {
  const servers = (block ?? []).filter(({ name, args }) => name === 'server' && !args.includes('down'));
  const first = servers.filter(({ args }) => !args.includes('backup'));
  return (first.length > 0 ? first : servers).map(({ args }) => args[0] ?? '');
}

/** Whether an address, with or without a port, is one of a slot's. */
export function leadsTo(address: string, { hosts, ports, portsOverIpv6 = ports }: SlotNames): boolean {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]*))(?::(\d+))?$/.exec(address) ?? [];
  const host = (bracketed ?? plain ?? '').toLowerCase();
  if (hosts.includes(host)) return true;
  // With the port of a slot it is this machine, by whichever of its addresses; a single word is a service.
  const published = bracketed === undefined ? ports : portsOverIpv6;
  return published.includes(Number(port)) && (host === 'localhost' || !/^[a-z][\w-]*$/.test(host));
}
