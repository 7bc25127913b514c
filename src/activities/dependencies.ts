import type { Runner } from './running.js';
import type { Hosts } from '../hosts/hosts.js';

/** What activities are made from; composed in `worker.ts`. */
export interface Dependencies {
  readonly hosts: Hosts;
  /** Default: inside of a Temporal worker, with heartbeats. */
  readonly runner?: Runner;
}
