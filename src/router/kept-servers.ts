import type { Directive } from './nginx-syntax.js';
import { portsOf, serversOf } from './served-slots.js';
import { changed, directive, type Scene } from './takeover-scene.js';

/** One of these is asked by nobody, as likely as not. */
const ports = [5000, 8081, 8082, 8083, 9080, 9081, 9082, 18_080];

/** The router's port, or another one where a server of the user's listens there. */
export function openPort({ http, router }: Scene): number {
  const taken = serversOf(http).flatMap(({ block }) => portsOf(block ?? []));
  return [router.port, ...ports].find((port) => !taken.includes(port)) ?? 20_000;
}

/**
 * What stands within `http`, with servers that answer as before beside pointsman's: the first of several on an address is the
 * one that answers to unknown names, and is so by a word from now on, for the order of files is another one.
 *
 * @param merged the server that is pointsman's now.
 */
export function keptWhole(
  top: readonly Directive[],
  { merged, scene }: { readonly merged: Directive | null; readonly scene: Scene },
): Directive[] {
  const kept = top.map((one) => (one.name === 'server' && one.block ? withDefaults(one, merged, scene) : one));
  const graceful = scene.modern && kept.some(({ name }) => name === 'server') && !isGraceful(scene.http);
  return graceful ? [directive('keepalive_min_timeout', ['2s']), ...kept] : kept;
}

/** Whether it is said for all servers already that a reload resets no kept connection. */
function isGraceful(http: readonly Directive[]): boolean {
  return http.some(({ name }) => name === 'keepalive_min_timeout');
}

function withDefaults(server: Directive, merged: Directive | null, scene: Scene): Directive {
  const original = scene.origin.get(server) ?? server;
  const block = (server.block ?? []).map((one) =>
    one.name === 'listen' ? withDefault(one, original, { merged, scene }) : one,
  );
  return changed(scene, server, { block });
}

/** A `listen` of a server that is the first of several there. */
export function withDefault(
  listen: Directive,
  server: Directive,
  { merged, scene }: { readonly merged: Directive | null; readonly scene: Scene },
): Directive {
  const at = addressOf(listen);
  const there = serversOf(scene.http).filter((one) => listensOf(one).some((other) => addressOf(other) === at));
  const said = there.some((one) => listensOf(one).some((other) => addressOf(other) === at && isDefault(other)));
  const usual = merged !== null && at === `*:${scene.router.port}`;
  if (there.length < 2 || there[0] !== server || said || usual) return listen;
  return changed(scene, listen, { args: [...listen.args, 'default_server'] });
}

/** The addresses that a server listens on, as they are written. */
export function listensOf({ block }: Directive): Directive[] {
  return (block ?? []).filter(({ name }) => name === 'listen');
}

/** Whether a `listen` makes its server the one that answers to unknown names. */
export function isDefault({ args }: Directive): boolean {
  return args.some((arg) => /^default(?:_server)?$/.test(arg));
}

function addressOf({ args: [at = ''] }: Directive): string {
  if (/^\d+$/.test(at)) return `*:${at}`;
  return at.replace(/^0\.0\.0\.0:/, '*:');
}
