import type { Finding } from '../model/finding.js';
import type { World } from './world.js';

/** What a check says of one problem; its name is added by the runner. */
export type Said = Omit<Finding, 'check'>;

/** One thing that is looked at before anything is touched. */
export interface Check {
  readonly name: string;
  /** One line for `docs/preflight.md`. */
  readonly looksAt: string;
  run(world: World): Promise<readonly Said[]> | readonly Said[];
}

export function error(message: string, fix: string): Said {
  return { severity: 'error', message, fix };
}

export function warning(message: string, fix: string): Said {
  return { severity: 'warning', message, fix };
}
