import type { Hosts } from '../hosts/hosts.js';

/** What activities are made from; composed in `worker.ts`. */
export interface Dependencies {
  readonly hosts: Hosts;
}
