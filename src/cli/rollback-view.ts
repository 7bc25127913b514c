import { uniqueCall } from '../database/database-of.js';
import { findContainer } from '../docker/container.js';
import { readRecords } from '../docker/release-record.js';
import type { Host } from '../hosts/host.js';
import { findRelease, releaseBefore, type RollbackTarget } from '../model/release-record.js';
import type { Settings } from '../model/settings.js';
import { otherSlot, type Live } from '../model/slot.js';
import { askLive } from '../router/live-slot.js';
import { Exit, exitCodes } from './exit-codes.js';
import {
  databaseSince,
  lastTimeLive,
  noDatabase,
  unknownDatabase,
  type DatabaseView,
  type RollbackView,
} from './render-rollback.js';
import type { PlaceOptions, Session } from './session.js';
import { withDatabase } from './with-database.js';

/** What a rollback would go back to, by reading only; `null`: to nothing, and the run itself says why. */
export async function viewRollback(
  session: Session,
  settings: Settings,
  options: PlaceOptions & { readonly to?: string },
): Promise<RollbackView | null> {
  const host = await session.host(settings);
  const [live, records] = await Promise.all([askLive(host, settings), readRecords(host, settings)]);
  const { to } = options;
  const target = to === undefined ? releaseBefore(records, live?.release ?? null) : findRelease(records, to);
  if (!live || !target) return null;
  const { release } = target;
  const warm = await isWarm(host, settings, { live, target });
  const database = await viewDatabase(session, settings, { release, options });
  return { live, target: { release, ...lastTimeLive(records, release), warm }, database };
}

async function isWarm(
  host: Host,
  settings: Settings,
  { live, target }: { readonly live: Live; readonly target: RollbackTarget },
): Promise<boolean> {
  const service = settings.slots[otherSlot(live.slot)];
  const container = await findContainer(host.docker, settings.project, service);
  return container !== null && container.running && container.health === 'healthy' && container.image === target.image;
}

/** Whatever is wrong with what looks at the database: at night, not knowing is no reason not to go back. */
async function viewDatabase(
  session: Session,
  { database }: Settings,
  { release, options }: { readonly release: string; readonly options: PlaceOptions },
): Promise<DatabaseView> {
  if (!database) return noDatabase;
  try {
    return await withDatabase(session, options, async (reached) => {
      const now = await reached.database.fingerprint(uniqueCall());
      return databaseSince(release, await reached.database.list(uniqueCall()), now?.fingerprint ?? null);
    });
  } catch (error) {
    if (error instanceof Exit && error.code === exitCodes.detached) throw error;
    return unknownDatabase(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
  }
}
