import { isDefault, listensOf } from './kept-servers.js';
import type { Directive } from './nginx-syntax.js';
import { portsOf } from './served-slots.js';

/** What nobody has given a name is asked by one that nobody has (RFC 2606). */
const nobodys = 'unknown.invalid';

/** A server as somebody outside reaches it. */
interface Way {
  readonly secure: boolean;
  readonly port: number;
}

/**
 * How the servers of a config are asked, so that each of them answers: those that answer to unknown names on the router's port by
 * a path alone, all others by name and port, over TLS where they listen with it.
 *
 * @param paths asked of each server besides its own locations.
 * @returns `/static/`, `https://shop.example.org:443/`.
 */
export function asksOf(servers: readonly Directive[], port: number, paths: readonly string[]): string[] {
  const first = servers.filter((one) => waysTo(one).some((way) => isPlain(way, port)));
  const unnamed = first.find((one) => listensOf(one).some(isDefault)) ?? first[0];
  return [
    ...new Set(
      servers.flatMap((server) =>
        waysTo(server).flatMap((way) => {
          const base = server === unnamed && isPlain(way, port) ? '' : baseOf(server, way);
          return [...paths, ...locationsOf(server)].map((path) => `${base}${path}`);
        }),
      ),
    ),
  ];
}

function isPlain({ secure, port }: Way, asked: number): boolean {
  return !secure && port === asked;
}

/** Not those that no client speaks to by itself: a socket, QUIC, the PROXY protocol of a balancer. */
function waysTo(server: Directive): Way[] {
  const listens = listensOf(server).filter(({ args }) => !args.includes('quic') && !args.includes('proxy_protocol'));
  if (listensOf(server).length === 0) return [{ secure: false, port: 80 }];
  return listens.flatMap((one) => portsOf([one]).map((port) => ({ secure: one.args.includes('ssl'), port })));
}

function baseOf({ block }: Directive, { secure, port }: Way): string {
  const names = (block ?? []).filter(({ name }) => name === 'server_name').flatMap(({ args }) => args);
  const known = names.map((name) => name.replace(/^\./, '').replaceAll('*', 'any'));
  const name = known.find((one) => /^[a-z\d](?:[a-z\d.-]*[a-z\d])?$/i.test(one)) ?? nobodys;
  return `${secure ? 'https' : 'http'}://${name}:${port}`;
}

/** Paths that can be asked: those that stand there as they are. */
function locationsOf({ block }: Directive): string[] {
  const plain = (block ?? []).filter(({ name, args }) => name === 'location' && !args[0]?.startsWith('~'));
  return plain.map(({ args }) => args.at(-1) ?? '').filter((path) => /^\/[\w./~-]*$/.test(path));
}
