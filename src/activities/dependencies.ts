import type { Host } from '../hosts/host.js';

/** What activities are made from; composed in `worker.ts`. */
export interface Dependencies {
  readonly host: Host;
}
