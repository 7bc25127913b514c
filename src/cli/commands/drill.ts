import { WorkflowExecutionAlreadyStartedError, WorkflowFailedError, type Client } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { readDrills } from '../../docker/drill-record.js';
import type { DrillInput } from '../../model/input.js';
import { markdown } from '../../model/markdown.js';
import { drillId } from '../../model/names.js';
import type { DeployFailureDetails, DrillResult } from '../../model/progress.js';
import type { Settings } from '../../model/settings.js';
import { taskQueue } from '../../temporal/place.js';
import { startSigned } from '../../temporal/start-signed.js';
import type { drill } from '../../workflows/index.js';
import { environmentKey, outcomeKey, projectKey } from '../../workflows/search-attributes.js';
import { drillText, lastDrillLine } from '../drill-text.js';
import { Exit, exitCodes, type ExitCode } from '../exit-codes.js';
import { endOf, watch, Watcher } from '../follow.js';
import { keepSchedule } from '../keep-schedule.js';
import type { RunHandle, PlaceOptions, Session } from '../session.js';
import { settledSettings } from '../ship.js';
import { jsonLine } from '../terminal-text.js';

export interface DrillOptions extends PlaceOptions {
  readonly reason?: string;
  readonly last?: boolean;
  readonly json?: boolean;
}

/** Restores the newest replica beside the app and tells whether the app could live on it. */
export async function drillCommand(session: Session, options: DrillOptions): Promise<ExitCode> {
  const found = await session.settings(options);
  if (options.last) return showLast(session, found, options);
  if (!found.replica || !found.database) {
    throw new Exit(exitCodes.usage, 'A drill restores the replica of the database: pointsman.yml needs both keys.');
  }
  const settings = await settledSettings(session, found);
  const client = await session.client();
  await keepSchedule(session, client, settings);
  const { requestedBy } = session.environment;
  const handle = await startDrill(session, client, { settings, requestedBy, reason: options.reason ?? null });
  if (!options.json)
    session.output.print(`drill · ${settings.project}/${settings.environment}; the app is not touched`);
  return followDrill(session, handle, options);
}

async function showLast(session: Session, settings: Settings, { json }: DrillOptions): Promise<ExitCode> {
  const last = (await readDrills(await session.host(settings), settings)).at(-1);
  const passed = last?.outcome === 'passed' || last === undefined;
  const text = [lastDrillLine(last, Date.now()), ...(last?.report ? [drillText(last.report)] : [])].join('\n');
  session.output.print(json ? jsonLine(last ?? null) : text);
  return passed ? exitCodes.succeeded : exitCodes.undone;
}

/** One that runs already, by the schedule or by somebody else, is followed: it answers the same question. */
async function startDrill(session: Session, client: Client, input: DrillInput): Promise<RunHandle> {
  const { settings, requestedBy, reason } = input;
  const workflowId = drillId(settings);
  try {
    const handle = await client.workflow.start<typeof drill>('drill', {
      taskQueue,
      workflowId,
      workflowIdConflictPolicy: 'FAIL',
      args: [{ ...input, signed: startSigned('start', 'drill', workflowId) }],
      memo: { kind: 'drill', requestedBy },
      staticSummary: 'drill',
      staticDetails: [
        markdown`**drill** of ${settings.project}/${settings.environment} by ${requestedBy}`,
        markdown`${reason ?? ''}`,
      ].join('\n\n'),
      typedSearchAttributes: [
        { key: projectKey, value: settings.project },
        { key: environmentKey, value: settings.environment },
        { key: outcomeKey, value: 'running' },
      ],
    });
    return handle as unknown as RunHandle;
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    session.output.note('a drill runs already: following it');
    return client.workflow.getHandle(workflowId);
  }
}

/** Shows its steps and its report; Ctrl-C ends only this command. */
async function followDrill(session: Session, handle: RunHandle, { json = false }: DrillOptions): Promise<ExitCode> {
  const watcher = new Watcher(session, { json });
  const ended = endOf(session, handle);
  await watch(handle, watcher, ended);
  const { error } = await ended;
  if (error !== null) return explain(session, error, json);
  const { progress, report } = (await handle.result()) as unknown as DrillResult;
  watcher.show(progress);
  for (const warning of progress.warnings) if (!json) session.output.print(`warning: ${warning}`);
  session.output.print(json ? jsonLine({ event: 'end', outcome: 'passed', report }) : drillText(report));
  return exitCodes.succeeded;
}

function explain(session: Session, error: unknown, json: boolean): ExitCode {
  if (!(error instanceof WorkflowFailedError)) throw error;
  const { cause } = error;
  if (cause instanceof CancelledFailure) {
    session.output.print(json ? jsonLine({ event: 'end', outcome: 'cancelled' }) : 'cancelled; nothing is left over');
    return exitCodes.cancelled;
  }
  if (!(cause instanceof ApplicationFailure)) {
    session.output.print(json ? jsonLine({ event: 'end', outcome: 'terminated' }) : 'ended from outside');
    return exitCodes.terminated;
  }
  const details = cause.details?.[0] as DeployFailureDetails | undefined;
  const failed = details?.progress.steps.find(({ name, state }) => name === details.failedStep && state === 'failed');
  const message = failed?.note ?? cause.message;
  const text = `DRILL FAILED at ${details?.failedStep ?? 'its start'}: ${message}\nThe app was not touched, and nothing is left over.`;
  session.output.print(json ? jsonLine({ event: 'end', outcome: 'failed', message, details }) : text);
  return cause.type === 'InvalidInput' ? exitCodes.usage : exitCodes.undone;
}
