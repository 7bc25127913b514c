import { parseDocument } from 'yaml';
import type { Live } from '../../src/model/slot.js';
import { inRouter, reloadByHand } from '../../test/support/by-hand.js';
import type { Playground } from '../../test/support/playground.js';
import { ask } from './ask.js';

/**
 * Puts the project back behind a config that its user has written, for the slot that is live: as if no adopt had ever been.
 *
 * @param inServer what stands in the user's server besides.
 */
export async function layTheirs(place: Playground, inServer: string): Promise<Live> {
  const live = await ask(place.port);
  if (!live) throw new Error('nothing is live that a config could be written for');
  await place.edit('pointsman.yml', (text) => {
    const file = parseDocument(text);
    file.delete('router');
    return file.toString();
  });
  const config = configOf(`app-${live.slot}`, inServer);
  await inRouter(place, 'cd /etc/nginx/conf.d && rm -rf snippets default.conf* && cat > default.conf', config);
  await reloadByHand(place);
  return live;
}

function configOf(service: string, inServer: string): string {
  return `server {
  listen 5000;
  keepalive_min_timeout 2s;
  add_header X-Own kept always;
  location /static/ { default_type text/plain; return 200 "a file"; }
  ${inServer}
  location / { proxy_pass http://${service}:8000; }
}
`;
}
