import { candidateLine, type Candidate } from './candidate-config.js';
import { heldIn, type HoldConfig } from './hold-config.js';
import { maintenanceLine, type Maintenance } from './maintenance-config.js';
import { watchLine, type Watch } from './watch-config.js';

/** What a router does besides serving a slot. Whoever writes a config keeps those that are not its own to end. */
export interface RouterStates {
  readonly hold: Pick<HoldConfig, 'by' | 'until'> | null;
  readonly candidate: Candidate | null;
  readonly watch: Watch | null;
  readonly maintenance: Maintenance | null;
}

export const noStates: RouterStates = { hold: null, candidate: null, watch: null, maintenance: null };

/** Those that a config of pointsman's has; none where it was written by hand. */
export function statesIn(config: string | null): RouterStates {
  return {
    hold: heldIn(config),
    candidate: candidateLine.read(config),
    watch: watchLine.read(config),
    maintenance: maintenanceLine.read(config),
  };
}

export function sameStates(one: RouterStates, other: RouterStates): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
