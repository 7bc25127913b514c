import type { Settings } from './settings.js';

/**
 * The settings once for each router of the project, so that whatever is done to one can be done to all. The primary is
 * the first: what it serves is what is live.
 */
export function routersOf({ otherRouters = [], ...settings }: Settings): readonly [Settings, ...Settings[]] {
  return [settings, ...otherRouters.map((router) => ({ ...settings, router }))];
}

/** Whether more than the primary stands in front of the slots. */
export function hasOtherRouters({ otherRouters = [] }: Pick<Settings, 'otherRouters'>): boolean {
  return otherRouters.length > 0;
}
