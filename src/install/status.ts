import type { Host } from '../hosts/host.js';
import { installedVersions } from './installed.js';
import { stateDirectory } from './layout.js';
import { openToOthers, stillOpen } from './open-ports.js';
import { runningDeploys, temporalAnswers, unitStates, workerPolls, type UnitState } from './server-questions.js';

/** How a server is that was set up; `problems` is empty when all is well. */
export interface HostStatus {
  readonly version: string | null;
  readonly previous: string | null;
  readonly units: readonly UnitState[];
  readonly temporalAnswers: boolean;
  readonly workerPolls: boolean;
  /** Temporal's ports that other accounts of the server can connect to; `null` when that cannot be told. */
  readonly openPorts: readonly number[] | null;
  /** `null` when Temporal does not answer. */
  readonly running: number | null;
  readonly freeBytes: number;
  readonly problems: readonly string[];
}

/** Below this, a backup or an image may not fit any more. */
const lowBytes = 1 << 30;

export async function hostStatus(host: Host): Promise<HostStatus> {
  const { current: version, previous } = await installedVersions(host);
  const units = await unitStates(host);
  const answers = version !== null && (await temporalAnswers(host));
  const polls = answers && (await workerPolls(host));
  const running = answers ? await runningDeploys(host) : null;
  const openPorts = answers ? await openToOthers(host) : null;
  const freeBytes = await host.freeBytes(version === null ? '/' : stateDirectory);
  const problems = version === null ? ['pointsman is not installed there: pointsman host install'] : [];
  if (version !== null) {
    problems.push(
      ...units
        .filter(({ active }) => active !== 'active')
        .map(({ name, active }) => `${name} is ${active}: journalctl -u ${name}`),
    );
    if (!answers) problems.push('Temporal does not answer');
    if (!polls) problems.push('no worker asks Temporal for work');
    if (openPorts?.length) problems.push(`${stillOpen(openPorts).message} ${stillOpen(openPorts).fix}`);
    if (freeBytes < lowBytes) problems.push(`only ${Math.floor(freeBytes / (1 << 20))} MiB are free`);
  }
  return {
    ...{ version, previous, units, temporalAnswers: answers, workerPolls: polls, openPorts, running },
    ...{ freeBytes, problems },
  };
}
