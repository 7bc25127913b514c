import type { Directive } from './nginx-syntax.js';
import { isPass, portsOf } from './served-slots.js';
import { followingLocation, redirectsOf, slotPass, withHost, type SlotPass } from './kept-pass.js';
import { withDefault } from './kept-servers.js';
import { passedOnHeaders } from './snippet-names.js';
import { directive, effective, type Scene } from './takeover-scene.js';

/** A server of the user's that becomes pointsman's own, with what pointsman's does not have in snippets. */
export interface MergedServer {
  readonly server: readonly Directive[];
  readonly location: readonly Directive[];
  readonly settings: Readonly<Record<string, string>>;
}

/** What would answer pointsman's own questions too, were it in its server: whether it serves, and whether the app is healthy. */
const answersAll = ['return', 'rewrite', 'if', 'auth_basic', 'auth_request', 'allow', 'deny', 'satisfy', 'limit_req'];
const alsoAnswers = [...answersAll, 'limit_conn', 'default_type', 'add_header_inherit'];
const inLocation = [...alsoAnswers, 'location', 'limit_except', 'try_files', 'mirror'];

/** In pointsman's `location /` in any case. */
const pointsmans = ['proxy_pass', 'proxy_http_version', 'proxy_next_upstream', 'proxy_set_header', 'proxy_redirect'];
const limits = { proxy_read_timeout: 'readTimeout', proxy_send_timeout: 'sendTimeout' } as const;

/**
 * The server as snippets of pointsman's. `null` where the two are not alike enough: all requests that no other location takes
 * go to the slot as they are, over plain HTTP, and nothing in it would answer what pointsman asks itself.
 */
export function mergedServer(server: Directive, scene: Scene): MergedServer | null {
  const block = server.block ?? [];
  const location = block.find(({ name, args }) => name === 'location' && args.join(' ') === '/');
  if (!location || !isAlike(server, location, scene)) return null;
  const passes = (location.block ?? []).filter(isPass);
  const pass = passes[0] && passes.length === 1 ? slotPass(passes[0], server, scene) : null;
  const levels = [location.block ?? [], block, scene.http];
  const settings = settingsOf(levels, scene);
  if (pass === null || pass.rest !== '' || settings === null || !sameHeaders(levels)) return null;
  return {
    server: [...passedOn(pass, levels), ...inServer(server, scene), ...inheritedHeaders(server, scene)],
    location: atRoot(location, pass, levels, scene),
    settings,
  };
}

function isAlike(server: Directive, location: Directive, { router }: Scene): boolean {
  const block = server.block ?? [];
  const onPort = listens(block).filter((one) => portsOf([one]).includes(router.port));
  const plain = onPort.every(({ args }) => {
    const [at = '', ...flags] = args;
    return /^(?:(?:\*|0\.0\.0\.0|\[::\]):)?\d+$/.test(at) && flags.every((flag) => /^default(?:_server)?$/.test(flag));
  });
  const usual = onPort.some(({ args }) => isUsual(args[0] ?? '', router.port));
  const disturbed = block.some(({ name }) => alsoAnswers.includes(name));
  return plain && usual && !disturbed && !(location.block ?? []).some(({ name }) => inLocation.includes(name));
}

function listens(block: readonly Directive[]): Directive[] {
  return block.filter(({ name }) => name === 'listen');
}

/** What pointsman's own `listen` is. */
function isUsual(at: string, port: number): boolean {
  return [`${port}`, `*:${port}`, `0.0.0.0:${port}`].includes(at);
}

/** Headers of the location hide those further out; in pointsman's they add up from nginx 1.29.3 on. */
function sameHeaders([location = [], ...outer]: readonly (readonly Directive[])[]): boolean {
  const has = (level: readonly Directive[]): boolean => level.some(({ name }) => name === 'add_header');
  const merges = outer.some((level) => level.some(({ name }) => name === 'add_header_inherit'));
  return !merges && !(has(location) && outer.some(has));
}

/** pointsman's server has headers of its own, which hide those of `http`. */
function inheritedHeaders(server: Directive, { http }: Scene): Directive[] {
  const has = (server.block ?? []).some(({ name }) => name === 'add_header');
  return has ? [] : http.filter(({ name }) => name === 'add_header');
}

/** `null`: one of them has no key that takes such a value. */
function settingsOf(levels: readonly (readonly Directive[])[], { router }: Scene): Record<string, string> | null {
  const settings: Record<string, string> = {};
  const [size] = effective('client_max_body_size', levels.slice(1));
  const maxBody = size?.args[0];
  if (maxBody !== undefined && !/^\d{1,12}[kKmMgG]?$/.test(maxBody)) return null;
  if (maxBody !== undefined && maxBody !== (router.maxBody ?? '100m')) settings['maxBody'] = maxBody;
  const now = { readTimeout: router.readTimeoutMs ?? 300_000, sendTimeout: router.sendTimeoutMs ?? 60_000 };
  for (const [name, key] of Object.entries(limits)) {
    const [said] = effective(name, levels);
    if (!said) continue;
    const ms = msOf(said.args[0] ?? '');
    if (ms === null || ms < 1000 || ms > 86_400_000) return null;
    if (ms !== now[key]) settings[key] = ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
  }
  return settings;
}

/** A time as nginx writes it; `null` for a form that nobody writes here. */
export function msOf(text: string): number | null {
  const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
  if (!/^(?:\d+(?:ms|[smhd]))*\d*$/.test(text) || text === '') return null;
  const parts = [...text.matchAll(/(\d+)(ms|[smhd])?/g)];
  return parts.reduce((sum, [, amount, unit = 's']) => sum + Number(amount) * units[unit as keyof typeof units], 0);
}

/** What the app is told of a request by the four headers that pointsman sends of itself, where it is something else. */
function passedOn(pass: SlotPass, levels: readonly (readonly Directive[])[]): Directive[] {
  const headers = effective('proxy_set_header', levels);
  return passedOnHeaders.flatMap(({ name, variable, value }) => {
    const said = headers.find(({ args }) => args[0]?.toLowerCase() === name.toLowerCase())?.args[1];
    // What is not set anywhere is passed on as the client has sent it.
    const usual = name === 'Host' ? pass.host : `$http_${name.toLowerCase().replaceAll('-', '_')}`;
    const now = said === undefined ? usual : withHost(said, pass.host);
    return now === value ? [] : [directive('set', [variable, now])];
  });
}

function inServer(server: Directive, scene: Scene): Directive[] {
  const { router } = scene;
  return (server.block ?? []).flatMap((one) => {
    const { name, args } = one;
    if (name === 'location') return args.join(' ') === '/' ? [] : [followingLocation(one, server, scene)];
    if (name === 'listen') {
      return isUsual(args[0] ?? '', router.port) ? [] : [withDefault(one, server, { merged: server, scene })];
    }
    if (['client_max_body_size', 'keepalive_min_timeout'].includes(name)) return [];
    return isOfSnippets(one, scene) ? [] : [one];
  });
}

/** What is in the snippets already is included by pointsman's config too. */
export function isOfSnippets({ file }: Directive, { router }: Pick<Scene, 'router'>): boolean {
  return router.snippets !== undefined && file.startsWith(`${router.snippets}/`);
}

function atRoot(
  location: Directive,
  pass: SlotPass,
  levels: readonly (readonly Directive[])[],
  scene: Scene,
): Directive[] {
  const own: readonly string[] = ['upgrade', 'connection', ...passedOnHeaders.map(({ name }) => name.toLowerCase())];
  const headers = effective('proxy_set_header', levels).filter(
    ({ args }) => !own.includes(args[0]?.toLowerCase() ?? ''),
  );
  const rest = (location.block ?? []).filter(
    (one) =>
      !pointsmans.includes(one.name) &&
      !one.name.startsWith('proxy_next_upstream') &&
      !(one.name in limits) &&
      !isOfSnippets(one, scene),
  );
  return [...rest, ...headers, ...redirectsOf(pass, { levels, prefix: '/' })];
}
