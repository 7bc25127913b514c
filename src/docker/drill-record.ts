import { join } from 'node:path';
import type { Host } from '../hosts/host.js';
import type { DrillRecord } from '../model/drill.js';
import type { Settings } from '../model/settings.js';
import { addToRecordFile, readRecordFile } from './record-file.js';
import { environmentDirectory } from './slots-env.js';

type Place = Pick<Settings, 'project' | 'environment'>;

function recordPath(host: Pick<Host, 'stateDirectory'>, place: Place): string {
  return join(environmentDirectory(host, place), 'drills.jsonl');
}

/** The host's record of drills, oldest first. */
export function readDrills(host: Pick<Host, 'stateDirectory' | 'readFile'>, place: Place): Promise<DrillRecord[]> {
  return readRecordFile(host, recordPath(host, place));
}

/** Adds a line, once per drill however often the step runs. */
export async function appendDrill(host: Host, place: Place, line: DrillRecord): Promise<void> {
  const same = ({ drillId }: DrillRecord): boolean => drillId === line.drillId;
  await addToRecordFile(host, recordPath(host, place), { line, same });
}
