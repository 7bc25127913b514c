import { readFileOfImage } from '../docker/image.js';
import type { Host } from '../hosts/host.js';
import type { Settings } from '../model/settings.js';
import type { Slot } from '../model/slot.js';
import { asksOf } from './asked-servers.js';
import { Nginx } from './nginx.js';
import { isOwnConfig } from './nginx-config.js';
import { treeOfDump } from './nginx-dump.js';
import { NginxSyntaxError, parseNginx, type Directive } from './nginx-syntax.js';
import { everything, servedSlot, serversOf, serversOn, tell, waysOf, type Way } from './served-slots.js';
import { namesOfSlots, waysToSlots } from './slot-names.js';
import { lossesOf } from './config-losses.js';
import { isOfSnippets } from './merged-server.js';
import { takeoverOf, type Takeover } from './takeover.js';

/** What a router serves by a config that somebody else has written. */
export interface ForeignConfig {
  /** The file that pointsman would write, where that is not its own. */
  readonly replaced: boolean;
  /** `null`: it cannot be told, or it is none. */
  readonly slot: Slot | null;
  /** Where requests are sent. */
  readonly ways: readonly Way[];
  /** What of it goes on where, once it is adopted; `null` where it cannot be told which slot is live. */
  readonly takeover: Takeover | null;
  /** How each server that has to do with a slot or with the file is asked: `/static/`, `https://shop.example.org:443/`. */
  readonly paths: readonly string[];
  /** What of the file would be gone once pointsman has replaced it. */
  readonly losses: readonly string[];
  /** Servers in other files that listen on the router's port: nginx would ask them, and not pointsman's. */
  readonly besides: readonly string[];
  /** Whether the reload that replaces it may reset kept connections: it has no `keepalive_min_timeout`. */
  readonly resets: boolean;
  /** Why the files cannot be read as nginx reads them; `null` where they can. */
  readonly unreadable: string | null;
}

/**
 * Looks at all that a router's nginx reads. `null` where nobody but pointsman has written a server for the router's port: it
 * has no config yet, or the page that its image brings.
 */
export async function findForeignConfig(host: Host, settings: Settings): Promise<ForeignConfig | null> {
  const nginx = await Nginx.find(host, settings);
  if (!nginx) return null;
  const config = await nginx.readConfig();
  const replaced =
    config !== null &&
    config.trim() !== '' &&
    !isOwnConfig(config) &&
    !(await isOfImage(host, settings, { nginx, config }));
  try {
    const tree = await treeOf(nginx, replaced ? config : '');
    return await judge(host, settings, { tree, replaced, nginx });
  } catch (error) {
    if (!(error instanceof NginxSyntaxError)) throw error;
    return replaced ? { ...nothing, replaced, unreadable: error.message } : null;
  }
}

const nothing: ForeignConfig = {
  replaced: false,
  slot: null,
  ways: [],
  takeover: null,
  paths: [],
  losses: [],
  besides: [],
  resets: false,
  unreadable: null,
};

async function isOfImage(
  { docker }: Host,
  settings: Settings,
  { nginx, config }: { readonly nginx: Nginx; readonly config: string },
): Promise<boolean> {
  return (await readFileOfImage(docker, { image: nginx.image, path: nginx.file }, settings)) === config;
}

/** All that nginx reads where it runs; else the one file, as if it stood alone. */
async function treeOf(nginx: Nginx, config: string): Promise<readonly Directive[]> {
  const dump = nginx.running ? (await nginx.exec(['nginx', '-T'])).stdout : '';
  const tree = treeOfDump(dump);
  return tree.length > 0 ? tree : parseNginx(config, nginx.file);
}

async function judge(
  host: Host,
  settings: Settings,
  { tree, replaced, nginx }: { readonly tree: readonly Directive[]; readonly replaced: boolean; readonly nginx: Nginx },
): Promise<ForeignConfig | null> {
  const { file } = nginx;
  const listening = serversOn(tree, settings.router.port);
  // A server of the snippets answers to its own names beside pointsman's, which answers to all others by a word.
  const besides = listening.filter((server) => server.file !== file && !isOfSnippets(server, settings)).map(tell);
  if (!replaced && besides.length === 0) return null;
  const names = await namesOfSlots(host, settings);
  const ways = waysToSlots(settings, tree, names);
  const losses = replaced ? lossesOf(tree, { file, ways, router: settings.router }) : [];
  const resets = !everything(tree).some(({ name }) => name === 'keepalive_min_timeout');
  const slot = servedSlot(ways);
  const takeover = slot && takeoverOf(tree, { slot, router: settings.router, names, modern: await nginx.isModern() });
  const files = [file, ...(takeover?.moved ?? [])];
  const concerned = serversOf(tree).filter(
    (server) =>
      listening.includes(server) ||
      files.includes(server.file) ||
      waysOf([server], tree, names).some(({ to }) => to.length > 0),
  );
  const paths = asksOf(concerned, settings.router.port, ['/', settings.health.path]);
  return { ...nothing, replaced, slot, ways, losses, besides, resets, takeover, paths };
}
