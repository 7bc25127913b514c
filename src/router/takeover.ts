import type { RouterSettings } from '../model/settings.js';
import type { Slot } from '../model/slot.js';
import { lossesOf } from './config-losses.js';
import type { Directive } from './nginx-syntax.js';
import { serversOn, tell, waysOf, type SlotNames } from './served-slots.js';

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
 * @param tree all that nginx reads (`treeOfDump`).
 */
export function takeoverOf(tree: readonly Directive[], { slot, router, names }: TakeoverFacts): Takeover {
  const file = `${router.configDirectory}/default.conf`;
  const listening = serversOn(tree, router.port);
  const ways = waysOf(listening, tree, names);
  const besides = listening
    .filter((server) => server.file !== file)
    .map((server) => `${tell(server)}: move it to default.conf`);
  const losses = lossesOf(tree, { file, ways, router }).map((lost) => `${lost}: move it to a file of router.snippets`);
  return { slot, snippets: [], moved: [], kept: [], settings: {}, byHand: [...besides, ...losses] };
}
