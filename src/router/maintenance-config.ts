import { pathOf, stateLine } from './state-line.js';

/** The router answers everybody with a page that says so. */
export interface Maintenance {
  /** Who wanted it. */
  readonly by: string;
  /** Timestamp (`20261123T092334Z`) of when. */
  readonly since: string;
}

/** Maintenance as part of the router's config. */
export interface MaintenanceConfig extends Maintenance {
  /** Never answered with the page: the router's own proof of a release asks there, and so may whatever watches the app. */
  readonly healthPath: string;
}

/** The line by which a config under maintenance is known again. */
export const maintenanceLine = stateLine<Maintenance>('Maintenance', ['by', 'since']);

/** How long a client is asked to wait: nobody knows when it ends, so a minute, again and again. */
const retryAfterSeconds = 60;

/** Which requests get the page, as `$pointsman_maintained`. */
export function maintenanceMaps({ healthPath }: MaintenanceConfig, statusPath: string): string {
  return `map $uri $pointsman_maintained {
    default 1;
    "~^(?:${pathOf(statusPath)}|${pathOf(healthPath)})$" 0;
}

# A header without a value is not sent.
map $pointsman_maintained $pointsman_retry_after {
    default '';
    1 ${retryAfterSeconds};
}

map $pointsman_maintained $pointsman_cache_control {
    default '';
    1 no-store;
}

`;
}

/** What the server says before it looks for a location, so that it holds for those of the user's snippets, too. */
export const maintenanceAnswer = `    default_type text/html;
    add_header Retry-After $pointsman_retry_after always;
    add_header Cache-Control $pointsman_cache_control always;
    if ($pointsman_maintained) {
        return 503 '<!doctype html>\\n<html lang="en">\\n<meta charset="utf-8">\\n<title>Under maintenance</title>\\n<p>We are working on this service. Please try again in a minute.</p>\\n</html>\\n';
    }

`;
