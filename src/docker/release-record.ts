import { join } from 'node:path';
import { environmentDirectory } from './slots-env.js';
import type { Host } from '../hosts/host.js';
import type { ReleaseRecord } from '../model/release-record.js';
import type { Settings } from '../model/settings.js';

type Place = Pick<Settings, 'project' | 'environment'>;

function recordPath(host: Pick<Host, 'stateDirectory'>, place: Place): string {
  return join(environmentDirectory(host, place), 'releases.jsonl');
}

/** The host's release record, oldest first. A line that a crash cut short is left out. */
export async function readRecords(
  host: Pick<Host, 'stateDirectory' | 'readFile'>,
  place: Place,
): Promise<ReleaseRecord[]> {
  const lines = ((await host.readFile(recordPath(host, place))) ?? '').split('\n').filter(Boolean);
  return lines.flatMap((line) => {
    try {
      return [JSON.parse(line) as ReleaseRecord];
    } catch {
      return [];
    }
  });
}

/** Appends a line, once per deploy however often the step runs. */
export async function appendRecord(host: Host, place: Place, record: ReleaseRecord): Promise<void> {
  const records = await readRecords(host, place);
  if (records.some(({ deployId }) => deployId === record.deployId)) return;
  await host.appendLine(recordPath(host, place), JSON.stringify(record));
}
