import type { Directive } from './nginx-syntax.js';
import { destinationOf, isPass, leadsTo, tell, type Destination } from './served-slots.js';
import { closedVariable, liveUpstream, liveVariable } from './snippet-names.js';
import { changed, directive, effective, isOfSlot, place, type Scene } from './takeover-scene.js';

/** Where a block stands: what a pass in it gets from further out. */
interface Where {
  readonly server: Directive;
  /** Directives of the location, of those around it, of the server and of `http`. */
  readonly levels: readonly (readonly Directive[])[];
  /** What the location is for, where that is the beginning of a path. */
  readonly prefix: string;
}

/** A pass to the live slot, as it was written. */
export interface SlotPass {
  /** What nginx has called the app until now: `blue`, `app-blue:8000`. */
  readonly host: string;
  /** What follows the host. */
  readonly rest: string;
  /** One with a variable passes on the path as it is, whatever the location. */
  readonly variable: boolean;
}

/** A server in which whatever went to the live slot follows pointsman's switch, and looks the same to the app as before. */
export function followingServer(server: Directive, scene: Scene): Directive {
  const block = server.block ?? [];
  return changed(scene, server, { block: inBlock(block, { server, levels: [block, scene.http], prefix: '/' }, scene) });
}

/** A location of a server, as {@link followingServer} has it. */
export function followingLocation(location: Directive, server: Directive, scene: Scene): Directive {
  return inBlock([location], { server, levels: [server.block ?? [], scene.http], prefix: '/' }, scene)[0] ?? location;
}

function inBlock(block: readonly Directive[], where: Where, scene: Scene): Directive[] {
  return block.map((one) => {
    if (one.block === null) return one;
    if (one.name === 'location') return inLocation(one, where, scene);
    return changed(scene, one, { block: inBlock(one.block, where, scene) });
  });
}

function inLocation(location: Directive, outer: Where, scene: Scene): Directive {
  const block = location.block ?? [];
  const where = { ...outer, levels: [block, ...outer.levels], prefix: location.args.at(-1) ?? '/' };
  const passes = passesOf(block).flatMap((pass) => slotPass(pass, where.server, scene) ?? []);
  const inner = inBlock(block, where, scene);
  const [first] = passes;
  if (first === undefined) return changed(scene, location, { block: inner });
  const kept = withPasses(inner, where, scene);
  const rest = kept.filter(({ name }) => !['proxy_set_header', 'proxy_redirect'].includes(name));
  return changed(scene, location, {
    block: [closed(), ...rest, ...headersOf(first, where), ...redirectsOf(first, where)],
  });
}

/** Those of a location, also in its `if`s; not of locations in it. */
function passesOf(block: readonly Directive[]): Directive[] {
  return block.flatMap((one) => (isPass(one) ? [one] : one.name === 'location' ? [] : passesOf(one.block ?? [])));
}

function withPasses(block: readonly Directive[], where: Where, scene: Scene): Directive[] {
  return block.map((one) => {
    if (one.name === 'location') return one;
    if (one.block) return changed(scene, one, { block: withPasses(one.block, where, scene) });
    const pass = isPass(one) ? slotPass(one, where.server, scene) : null;
    return pass ? changed(scene, one, { args: [urlOf(pass)] }) : one;
  });
}

function urlOf({ rest, variable }: SlotPass): string {
  return `http://${rest === '' || variable ? liveVariable : liveUpstream}${rest}`;
}

/** What goes to the app is answered here while writes are held, and under maintenance. */
function closed(): Directive {
  const answer = [directive('add_header', ['Retry-After', '10', 'always']), directive('return', ['503'])];
  return directive('if', [`(${closedVariable})`], answer);
}

/** The headers that the app is sent, each as before: also the name of the upstream, where that was its `Host`. */
function headersOf({ host }: SlotPass, { levels }: Where): Directive[] {
  const headers = effective('proxy_set_header', levels);
  const said = headers.map((one) =>
    directive(
      one.name,
      one.args.map((arg) => withHost(arg, host)),
    ),
  );
  const hasHost = headers.some(({ args }) => args[0]?.toLowerCase() === 'host');
  const inPlace = levels[0]?.some(({ name }) => name === 'proxy_set_header');
  if (hasHost) return inPlace || said.some(({ args }, at) => args[1] !== headers[at]?.args[1]) ? said : [];
  return [...said, directive('proxy_set_header', ['Host', host])];
}

export function withHost(text: string, host: string): string {
  return text.replaceAll(/\$(?:\{proxy_host\}|proxy_host\b)/g, () => host);
}

/** A `Location` that the app has made of its own name, put right as nginx has done by default until now. */
export function redirectsOf(pass: SlotPass, { levels, prefix }: Pick<Where, 'levels' | 'prefix'>): Directive[] {
  const redirects = effective('proxy_redirect', levels);
  const usual = directive('proxy_redirect', [
    `http://${pass.host}${pass.rest || '/'}`,
    pass.rest === '' ? '/' : prefix,
  ]);
  if (redirects.length === 0) return pass.variable || !isToldItsName(levels) ? [] : [usual];
  const inPlace = levels[0]?.some(({ name }) => name === 'proxy_redirect');
  const byDefault = redirects.some(({ args }) => args[0] === 'default');
  return inPlace || byDefault ? redirects.map((one) => (one.args[0] === 'default' ? usual : one)) : [];
}

/** Whether the app is sent the name of the upstream as its `Host`. */
export function isToldItsName(levels: readonly (readonly Directive[])[]): boolean {
  const host = effective('proxy_set_header', levels).find(({ args }) => args[0]?.toLowerCase() === 'host');
  return host === undefined || /\$\{?proxy_host/.test(host.args[1] ?? '');
}

/** What a pass to the live slot is; `null` for one that leads to no slot, or that must be changed by hand, which is noted. */
export function slotPass(pass: Directive, server: Directive, scene: Scene): SlotPass | null {
  const found = destinationOf(pass, { ...scene, server });
  if (found.to.length === 0) return null;
  const wrong = wrongPass(pass, found, scene);
  if (wrong !== null) {
    const said = `${tell(pass)}: ${wrong}`;
    if (!scene.byHand.includes(said)) scene.byHand.push(said);
    return null;
  }
  const url = pass.args[0] ?? '';
  const [, literal] = /^http:\/\/[^/?]*?((?:[/?]|\$(?:request_uri|uri|document_uri)\b).*)?$/s.exec(url) ?? [];
  const value = found.urls[0]?.replace(/^\w+:\/\//, '') ?? '';
  const host = place(value).replace(/:80$/, '');
  return {
    host,
    rest: literal ?? (url.includes('$') ? value.slice(place(value).length) : ''),
    variable: url.includes('$'),
  };
}

function wrongPass({ name }: Directive, { urls, addresses, to, open }: Destination, scene: Scene): string | null {
  const { slot, names, router } = scene;
  if (open || to.length > 1) {
    return 'which slot gets a request is not decided by the config alone. Let it lead to one of them.';
  }
  if (to[0] !== slot) {
    return `it leads to the ${to[0]} slot, which is not live. Remove it: pointsman replaces that slot at the next deploy, and shows a release before the switch to whoever sends X-Pointsman-Preview (docs/switch.md).`;
  }
  if (name !== 'proxy_pass' || urls.some((url) => /^(?!http:)\w+:/.test(url))) {
    return 'it does not speak plain HTTP with the app, and pointsman does. Let the app listen for that too, and pass to it with proxy_pass http://….';
  }
  const others = addresses.filter((address) => !isOfSlot(address, names));
  if (others.length > 0) return `it leads to ${others.join(', ')} as well. Let it lead to the slot alone.`;
  const port = portOf(addresses, scene);
  if (port !== null) {
    return `it asks for port ${port} of the app, and router.upstreamPort is ${router.upstreamPort}. Let both be the same.`;
  }
  return new Set(urls.map(place)).size > 1 ? 'it has several names for the slot. Leave one.' : null;
}

/** The port of a slot that is not the one where pointsman sends requests. One of the host's is told apart by Docker. */
function portOf(addresses: readonly string[], { slot, names, router }: Scene): number | null {
  const ports = addresses
    .filter((address) => leadsTo(address, { hosts: names[slot].hosts, ports: [] }))
    .map((address) => Number(/:(\d+)$/.exec(address)?.[1] ?? 80));
  return ports.find((port) => port !== router.upstreamPort) ?? null;
}
