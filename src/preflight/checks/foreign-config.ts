import type { Settings } from '../../model/settings.js';
import { findForeignConfig, type ForeignConfig } from '../../router/foreign-config.js';
import { keptForEver } from '../../router/nginx.js';
import { error, warning, type Check, type Said } from '../check.js';

export const foreignConfigCheck = 'router-config';

export const foreignConfig: Check = {
  name: foreignConfigCheck,
  looksAt: 'what pointsman did not write in the router tells which slot is live, and nothing in it would be lost',
  run: async ({ host, settings }) => judgeForeignConfig(await findForeignConfig(host, settings), settings),
};

/** As many as a person reads. */
const mostTold = 8;

const how = 'docs/first-contact.md says how';

/** What there is to say of a config that pointsman did not write. */
export function judgeForeignConfig(found: ForeignConfig | null, settings: Settings): Said[] {
  if (!found) return [];
  const { router, slots } = settings;
  const { replaced, slot, ways, losses, besides, resets, unreadable } = found;
  const file = `${router.configDirectory}/default.conf`;
  const theirs = `The ${router.service}'s ${file} was not written by pointsman`;
  const said: Said[] = [];
  if (besides.length > 0) {
    said.push(
      error(
        `Another file of the ${router.service} has a server on port ${router.port}, where pointsman's is to be: ${told(besides)}.`,
        adoptable(found, settings) ??
          `Move it to default.conf or to another port: of two, nginx asks the first (${how}).`,
      ),
    );
  }
  if (unreadable !== null) said.push(error(`${theirs}, and cannot be read: ${unreadable}.`, 'Mend it first.'));
  else if (replaced && slot === null) {
    const seen = ways.length > 0 ? told(ways.map((way) => way.told)) : 'it sends requests to neither slot';
    said.push(
      error(
        `${theirs}, and which slot is live cannot be told from it: ${seen}.`,
        `Let it send requests to one slot by name (proxy_pass http://${slots.blue}:${router.upstreamPort}) and reload nginx (${how}).`,
      ),
    );
  }
  if (losses.length > 0) {
    said.push(
      error(
        `${theirs}, and this in it would be lost: ${told(losses)}.`,
        adoptable(found, settings) ??
          `Move it to files of router.snippets, and include them here until the deploy has replaced this file (${how}).`,
      ),
    );
  }
  if (said.length === 0) {
    const first = resets
      ? ' Put "keepalive_min_timeout 2s;" into its server and reload nginx first (1.27.4 or later): without it the reload that replaces it may reset kept connections.'
      : '';
    said.push(warning(`${theirs}: this deploy replaces it.`, `It is kept beside it as ${keptForEver}.${first}`));
  }
  return said;
}

/** What takes it over as it is; or what a person has to do before that. `null`: which slot is live is not known. */
function adoptable({ takeover }: ForeignConfig, { environment, otherRouters }: Settings): string | null {
  if (!takeover || otherRouters) return null;
  const command = `pointsman adopt -e ${environment}`;
  const { byHand } = takeover;
  return byHand.length === 0
    ? `Take it over, with all that is in it and without a failed request: ${command}`
    : `${command} takes it over once this is done by hand: ${told(byHand)} (${how})`;
}

function told(lines: readonly string[]): string {
  const more = lines.length - mostTold;
  return [...lines.slice(0, mostTold), ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}
