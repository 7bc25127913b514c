import type { RouterSettings } from '../model/settings.js';
import type { Directive } from './nginx-syntax.js';
import { portsOf, tell, withinHttp, type Way } from './served-slots.js';

export interface Replaced {
  /** The file that pointsman writes. Others stay, and so does what they include. */
  readonly file: string;
  /** Ways of its servers to the slots. */
  readonly ways: readonly Way[];
  readonly router: RouterSettings;
}

/** Headers that pointsman sets itself. */
const ownHeaders = ['host', 'x-real-ip', 'x-forwarded-for', 'x-forwarded-proto', 'upgrade', 'connection'];

/**
 * Directives of a user's config that pointsman's own would not have: an extra location, a header, a limit, another server. What
 * sends requests to a slot and how that is usually done is in both. Each is told with its place and told once, with all in it.
 */
export function lossesOf(tree: readonly Directive[], replaced: Replaced): string[] {
  const top = withinHttp(tree);
  const lost = top.flatMap((directive) => {
    if (directive.file !== replaced.file) return [];
    if (directive.name === 'server' && directive.block) return lostOfServer(directive, replaced);
    return isPassedThrough(directive, replaced) ? [] : [directive];
  });
  const servers = top.filter(({ name, file }) => name === 'server' && file === replaced.file);
  // One server answers for every name; of several, which of them is left out cannot be told.
  const many = servers.length > 1 ? servers : [];
  return [...new Set([...many, ...lost])].map(tell);
}

/** What stands beside the servers and only says where the slots are. */
function isPassedThrough({ name, args }: Directive, { ways }: Replaced): boolean {
  if (name === 'upstream' || name === 'resolver') return true;
  if (!['map', 'geo', 'split_clients'].includes(name)) return false;
  const variable = (args.at(-1) ?? '').slice(1).replaceAll(/\W/g, String.raw`\$&`);
  return args[0] === '$http_upgrade' || ways.some(({ told }) => new RegExp(`\\$\\{?${variable}\\b`).test(told));
}

function lostOfServer(server: Directive, replaced: Replaced): Directive[] {
  const { router } = replaced;
  const block = server.block ?? [];
  if (!portsOf(block).includes(router.port)) return [server];
  return block.flatMap((directive) => {
    if (directive.file !== replaced.file) return [];
    if (directive.name === 'location' && directive.args.join(' ') === '/') return lostOfLocation(directive, replaced);
    return isInServer(directive, router) ? [] : [directive];
  });
}

function isInServer({ name, args }: Directive, { maxBody = '100m' }: RouterSettings): boolean {
  if (name === 'listen') return !args.some((arg) => ['ssl', 'quic', 'proxy_protocol'].includes(arg));
  if (name === 'client_max_body_size') return args[0] === maxBody;
  return ['server_name', 'set', 'resolver', 'keepalive_min_timeout'].includes(name);
}

function lostOfLocation(location: Directive, { file, router, ways }: Replaced): Directive[] {
  const sent = (directive: Directive): boolean =>
    ways.some(({ told, to }) => told === tell(directive) && to.length > 0);
  return (location.block ?? []).filter((directive) => {
    const { name, args } = directive;
    if (directive.file !== file) return false;
    if (name === 'proxy_pass') return !sent(directive);
    if (name === 'proxy_set_header') return !ownHeaders.includes((args[0] ?? '').toLowerCase());
    if (name === 'proxy_read_timeout') return secondsOf(args[0]) !== (router.readTimeoutMs ?? 300_000) / 1000;
    if (name === 'proxy_send_timeout') return secondsOf(args[0]) !== (router.sendTimeoutMs ?? 60_000) / 1000;
    return !['proxy_http_version', 'proxy_next_upstream', 'set', 'resolver'].includes(name);
  });
}

/** `90`, `90s`, `5m`, `1h`; nginx's other forms are none that anybody writes here. */
function secondsOf(text = ''): number | null {
  const [, number, unit = 's'] = /^(\d+)([smh])?$/.exec(text) ?? [];
  return number === undefined ? null : Number(number) * ({ s: 1, m: 60, h: 3600 }[unit] ?? 1);
}
