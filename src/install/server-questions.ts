import type { Host } from '../hosts/host.js';
import { taskQueue } from '../temporal/place.js';
import { InstallError } from './install-error.js';
import { currentLink, temporalAddress, temporalUnit, unitNames, workerUnit, type UnitName } from './layout.js';
import { until } from './until.js';

/** A unit as `systemctl show` tells it. */
export interface UnitState {
  readonly name: UnitName;
  /** `active`, `failed`, `inactive` … */
  readonly active: string;
  /** As systemd writes it; empty when it is not active. */
  readonly since: string;
  readonly mainPid: number;
  /** How often systemd has started it again since a person did. */
  readonly restarts: number;
}

export async function unitState(host: Host, name: UnitName): Promise<UnitState> {
  const properties = 'ActiveState,ActiveEnterTimestamp,MainPID,NRestarts';
  const { stdout } = await host.tryRun({ argv: ['systemctl', 'show', '--property', properties, name] });
  const value = (key: string): string => new RegExp(`^${key}=(.*)$`, 'm').exec(stdout)?.[1] ?? '';
  const active = value('ActiveState') || 'unknown';
  return {
    name,
    active,
    since: active === 'active' ? value('ActiveEnterTimestamp') : '',
    mainPid: Number(value('MainPID')),
    restarts: Number(value('NRestarts')),
  };
}

/** Asks the server's Temporal with its own command line; `null` when it does not answer. */
async function askTemporal(host: Host, args: readonly string[]): Promise<string | null> {
  const { exitCode, stdout } = await host.tryRun(
    {
      // Without a home there is no configuration of root's that could lead it elsewhere.
      argv: ['env', 'HOME=/nonexistent', `${currentLink}/bin/temporal`, ...args, '--address', temporalAddress],
    },
    { timeoutMs: 20_000 },
  );
  return exitCode === 0 ? stdout : null;
}

export async function temporalAnswers(host: Host): Promise<boolean> {
  return (await askTemporal(host, ['operator', 'cluster', 'health']))?.includes('SERVING') ?? false;
}

/** How many deploys and rollbacks run, those that only wait in line left out; `null` when Temporal does not answer. */
export async function runningDeploys(host: Host): Promise<number | null> {
  const query = [
    'workflow',
    'count',
    '--query',
    'ExecutionStatus="Running" AND WorkflowType != "queue"',
    '--output',
    'json',
  ];
  const answer = await askTemporal(host, query);
  if (answer === null) return null;
  // None at all is answered as an empty object.
  return Number((JSON.parse(answer) as { count?: string }).count ?? 0);
}

/** Does the worker that the unit runs now, and not one before it, ask Temporal for work? */
export async function workerPolls(host: Host): Promise<boolean> {
  const { active, mainPid } = await unitState(host, workerUnit);
  if (active !== 'active' || mainPid === 0) return false;
  const answer = await askTemporal(host, ['task-queue', 'describe', '--task-queue', taskQueue, '--output', 'json']);
  const { pollers } = JSON.parse(answer ?? '{}') as { pollers?: { identity: string }[] | null };
  // Temporal's SDK names a worker by its process.
  return (pollers ?? []).some(({ identity }) => identity.startsWith(`${mainPid}@`));
}

/** Ends in a row, with a Temporal that answers, after which it is no use to wait for a worker. */
const hopelessAfter = 4;

const startWithin = { limitMs: 90_000, everyMs: 500 };

/**
 * Waits until Temporal answers and the worker asks it for work.
 *
 * @throws {InstallError} with the end of the journal when they do not come up.
 */
export async function untilUp(host: Host): Promise<void> {
  if (!(await until(() => temporalAnswers(host), startWithin)))
    throw await notUp(host, temporalUnit, 'does not answer');
  const { restarts: before } = await unitState(host, workerUnit);
  let polls = false;
  await until(async () => {
    polls = await workerPolls(host);
    return polls || (await unitState(host, workerUnit)).restarts >= before + hopelessAfter;
  }, startWithin);
  if (!polls) throw await notUp(host, workerUnit, 'asks for no work');
}

async function notUp(host: Host, unit: UnitName, what: string): Promise<InstallError> {
  const { active } = await unitState(host, unit);
  const journal = await host.tryRun({ argv: ['journalctl', '-u', unit, '-n', '15', '--no-pager', '-o', 'cat'] });
  return new InstallError(
    'unavailable',
    `${unit} is ${active} and ${what}. The end of its journal:\n${journal.stdout}`,
  );
}

const retention = { flag: '30d', seconds: `${30 * 24 * 3600}s` };

/** The dev server forgets after a day; people look at a deploy weeks later. Returns whether anything was changed. */
export async function keepHistory(host: Host): Promise<boolean> {
  const described = await askTemporal(host, ['operator', 'namespace', 'describe', '-n', 'default', '--output', 'json']);
  const { config } = JSON.parse(described ?? '{}') as { config?: { workflowExecutionRetentionTtl?: string } };
  if (config?.workflowExecutionRetentionTtl === retention.seconds) return false;
  await askTemporal(host, ['operator', 'namespace', 'update', '-n', 'default', '--retention', retention.flag]);
  return true;
}

export function unitStates(host: Host): Promise<UnitState[]> {
  return Promise.all(unitNames.map((name) => unitState(host, name)));
}
