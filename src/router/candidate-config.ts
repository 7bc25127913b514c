import type { CanarySettings } from '../model/settings.js';
import type { Live, Slot } from '../model/slot.js';
import { bytesOf, stateLine } from './state-line.js';

/** A release in the other slot that gets a part of the requests, or only those that ask for it. */
export interface Candidate {
  /** Timestamp of the deploy that it is of. */
  readonly by: string;
  readonly slot: Slot;
  readonly release: string;
  /** Percent of the requests, from 0 to 99. */
  readonly weight: number;
  readonly sticky: CanarySettings['sticky'];
}

/** The candidate as part of the router's config. */
export interface CandidateConfig extends Candidate {
  /** Compose service of its slot. */
  readonly service: string;
}

/** The line by which a config with a candidate is known again. */
export const candidateLine = stateLine<Candidate>('Candidate', ['by', 'slot', 'release', 'weight', 'sticky']);

/** Which slot answers a request, as `$pointsman_slot`, and with what release. */
export function candidateMaps(candidate: CandidateConfig, live: Live): string {
  const { slot, release, weight } = candidate;
  return `${weight > 0 ? share(candidate, live) : ''}map $http_x_pointsman_preview $pointsman_slot {
    default ${weight > 0 ? '$pointsman_share' : live.slot};
    "~^(?:${slot}|${bytesOf(release)})$" ${slot};
    "~^(?:${[live.slot, ...(live.release === null ? [] : [bytesOf(live.release)])].join('|')})$" ${live.slot};
}

map $pointsman_slot $pointsman_release {
    ${slot} "${release}";
    ${live.slot} "${live.release ?? ''}";
}

`;
}

/** nginx refuses a share of 0 %, so there is none of these at that weight. */
function share({ slot, weight, sticky }: CandidateConfig, live: Live): string {
  return `${sticky === 'cookie' ? cookieMaps : ''}# The share is a range of a hash that begins at 0: a higher one keeps whoever has the candidate already.
split_clients ${keys[sticky]} $pointsman_share {
    ${weight}% ${slot};
    * ${live.slot};
}

`;
}

const keys: Readonly<Record<Candidate['sticky'], string>> = {
  none: '$request_id',
  cookie: '$pointsman_user',
  address: '$remote_addr',
};

/** The cookie is set by the first answer, and that first request is told by the same value. */
const cookieMaps = `map $cookie_pointsman $pointsman_user {
    default $request_id;
    "~^[0-9a-f]{32}$" $cookie_pointsman;
}

map $cookie_pointsman $pointsman_cookie {
    default "pointsman=$request_id; Path=/; HttpOnly; SameSite=Lax";
    "~^[0-9a-f]{32}$" '';
}

`;

/** Whether the router sets its cookie. */
export function setsCookie(candidate: Candidate | null): boolean {
  return candidate !== null && candidate.sticky === 'cookie' && candidate.weight > 0;
}
