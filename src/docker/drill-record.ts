import { join } from 'node:path';
import type { Host } from '../hosts/host.js';
import type { DrillRecord } from '../model/drill.js';
import type { Settings } from '../model/settings.js';
import { environmentDirectory } from './slots-env.js';

type Place = Pick<Settings, 'project' | 'environment'>;

function recordPath(host: Pick<Host, 'stateDirectory'>, place: Place): string {
  return join(environmentDirectory(host, place), 'drills.jsonl');
}

/** The host's record of drills, oldest first. A line that a crash cut short is left out. */
export async function readDrills(
  host: Pick<Host, 'stateDirectory' | 'readFile'>,
  place: Place,
): Promise<DrillRecord[]> {
  const lines = ((await host.readFile(recordPath(host, place))) ?? '').split('\n').filter(Boolean);
  return lines.flatMap((line) => {
    try {
      return [JSON.parse(line) as DrillRecord];
    } catch {
      return [];
    }
  });
}

/** Appends a line, once per drill however often the step runs. */
export async function appendDrill(host: Host, place: Place, record: DrillRecord): Promise<void> {
  const drills = await readDrills(host, place);
  if (drills.some(({ drillId }) => drillId === record.drillId)) return;
  await host.appendLine(recordPath(host, place), JSON.stringify(record));
}
