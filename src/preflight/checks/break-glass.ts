import { readRecords } from '../../docker/release-record.js';
import { warning, type Check } from '../check.js';

export const brokenGlass: Check = {
  name: 'break-glass',
  looksAt: 'the last run on this host was one of Temporal, and not a rollback by break glass',
  run: async ({ host, settings, live }) => {
    const last = (await readRecords(host, settings)).at(-1);
    if (!last?.breakGlass) return [];
    const served = live ? `${live.slot} (${live.release ?? 'release unknown'})` : 'nothing';
    return [
      warning(
        `The last run went back to ${last.release} by break glass, without Temporal (${last.requestedBy}, ${last.endedAt}).`,
        `This one goes on from what is live: ${served}.`,
      ),
    ];
  },
};
