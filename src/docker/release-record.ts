import { join } from 'node:path';
import { addToRecordFile, readRecordFile } from './record-file.js';
import { environmentDirectory } from './slots-env.js';
import type { Host } from '../hosts/host.js';
import { timestampOf } from '../model/names.js';
import type { ReleaseRecord } from '../model/release-record.js';
import type { Settings } from '../model/settings.js';

type Place = Pick<Settings, 'project' | 'environment'>;

function recordPath(host: Pick<Host, 'stateDirectory'>, place: Place): string {
  return join(environmentDirectory(host, place), 'releases.jsonl');
}

/** The host's release record, oldest first. */
export function readRecords(host: Pick<Host, 'stateDirectory' | 'readFile'>, place: Place): Promise<ReleaseRecord[]> {
  return readRecordFile(host, recordPath(host, place));
}

/** The rollback by break glass that came after a run with this timestamp had begun; `null` when there is none. */
export async function glassBrokenSince(host: Host, place: Place, timestamp: string): Promise<ReleaseRecord | null> {
  const broken = (await readRecords(host, place)).filter(({ breakGlass }) => breakGlass);
  return broken.findLast(({ startedAt }) => timestampOf(Date.parse(startedAt)) > timestamp) ?? null;
}

/** Adds a line, once per deploy however often the step runs. */
export async function appendRecord(host: Host, place: Place, line: ReleaseRecord): Promise<void> {
  const same = ({ deployId }: ReleaseRecord): boolean => deployId === line.deployId;
  await addToRecordFile(host, recordPath(host, place), { line, same });
}
