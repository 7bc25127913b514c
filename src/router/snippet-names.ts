import type { Slot } from '../model/slot.js';

/** Upstream of the live slot, whichever that is: for a `proxy_pass` with a path, which takes no variable. */
export const liveUpstream = 'pointsman_live';

/** The same as a variable, which follows a canary too: for a `proxy_pass` without a path. */
export const liveVariable = '$pointsman_live';

/** Whether what is sent to the app is answered by the router just now: writes while they are held, everything under maintenance. */
export const closedVariable = '$pointsman_closed';

/** What `location /` tells the app of the request; a snippet in the server can `set` the variable anew. */
export const passedOnHeaders = [
  { name: 'Host', variable: '$pointsman_host', value: '$http_host' },
  { name: 'X-Real-IP', variable: '$pointsman_real_ip', value: '$remote_addr' },
  { name: 'X-Forwarded-For', variable: '$pointsman_forwarded_for', value: '$proxy_add_x_forwarded_for' },
  { name: 'X-Forwarded-Proto', variable: '$pointsman_forwarded_proto', value: '$scheme' },
] as const;

/** {@link liveVariable}: the name of an upstream of pointsman's. */
export function liveMap(live: Slot, candidate: { readonly slot: Slot } | null): string {
  const other = candidate ? `    ${candidate.slot} pointsman_${candidate.slot};\n` : '';
  return `map ${candidate ? '$pointsman_slot' : "''"} ${liveVariable} {
    default pointsman_${live};
${other}}

`;
}

/** {@link closedVariable}, by the variables of those states that there are. */
export function closedMaps({ held, maintained }: { readonly held: boolean; readonly maintained: boolean }): string {
  const states = [held ? '$pointsman_held' : '', maintained ? '$pointsman_maintained' : ''].join('');
  return `map '${states}' ${closedVariable} {
    default 0;
    ~1 1;
}

`;
}
