import { readRecords } from '../../docker/release-record.js';
import type { RouterSettings } from '../../model/settings.js';
import { error, type Check } from '../check.js';

/** Keys of `router` in `pointsman.yml` that an adopt may add, as the settings have them. */
const asSetting: Readonly<Record<string, keyof RouterSettings>> = {
  maxBody: 'maxBody',
  readTimeout: 'readTimeoutMs',
  sendTimeout: 'sendTimeoutMs',
  upstreamIdle: 'upstreamIdleMs',
  snippets: 'snippets',
};

export const adoptedKeys: Check = {
  name: 'adopted-keys',
  looksAt: 'what an adopt has taken over stands in pointsman.yml, by which the next config is made',
  run: async ({ host, settings }) => {
    const records = await readRecords(host, settings);
    const last = records.findLast(({ kind, outcome }) => outcome === 'succeeded' && kind !== 'backup');
    if (last?.kind !== 'adopt') return [];
    const missing = Object.entries(last.keys ?? {}).filter(([key]) => {
      const setting = asSetting[key];
      return setting !== undefined && settings.router[setting] === undefined;
    });
    if (missing.length === 0) return [];
    const keys = missing.map(([key, value]) => `${key}: ${value}`).join(', ');
    return [
      error(
        `pointsman.yml lacks what was adopted: router: { ${keys} }.`,
        `Add it, or let pointsman adopt -e ${settings.environment} do so: without it, it would be gone from the router.`,
      ),
    ];
  },
};
