import type { Slot } from '../model/slot.js';
import { pathOf, stateLine } from './state-line.js';

/** What each slot answers is noted, to judge it by. */
export interface Watch {
  /** Timestamp of the deploy that judges. */
  readonly by: string;
}

/** The watch as part of the router's config. */
export interface WatchConfig extends Watch {
  /** Where it is noted, in the router's container. */
  readonly file: string;
  /** pointsman itself asks there, so these answers say nothing of the users'. */
  readonly healthPath: string;
}

/** The line by which a config with a watch is known again. */
export const watchLine = stateLine<Watch>('Watched', ['by']);

/**
 * An access log of pointsman's own, beside those that there are. It stands outside of the server: there, one log would replace
 * all that the server has from the rest of nginx's config.
 *
 * @param slot which one answers: its name, or the variable that says it.
 */
export function watchLog({ file, healthPath }: WatchConfig, slot: Slot | '$pointsman_slot'): string {
  return `# What the router answers by itself has no proxied host, and is not noted.
map $proxy_host $pointsman_noted {
    default 0;
    "~^pointsman_${slot === '$pointsman_slot' ? '(?!live$)' : ''}" 1;
}

map $uri $pointsman_asked_by {
    default user;
    "~^${pathOf(healthPath)}$" probe;
}

# A stream of events lasts for as long as somebody listens.
map $upstream_http_content_type $pointsman_kind {
    default $pointsman_asked_by;
    "~*^text/event-stream" stream;
}

log_format pointsman_watch "$msec ${slot} $status $pointsman_kind $upstream_response_time";
access_log ${file} pointsman_watch if=$pointsman_noted;

`;
}
