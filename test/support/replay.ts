import { isDeepStrictEqual } from 'node:util';
import { fileURLToPath } from 'node:url';
import {
  bundleWorkflowCode,
  DefaultLogger,
  Worker,
  type InjectedSinks,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { readRun, type RecordedCall, type RecordedHistory } from './histories.js';
import { NextBuild, type SourceChange } from './next-build.js';
import type { AskedForSinks } from './replay-interceptor.js';

/** Thrown where a run that an earlier pointsman began could not go on under this one, or would do something else. */
export class ReplayError extends Error {
  override readonly name = 'ReplayError';
}

/** The workflows as they are, or with changes that the next release might have. */
export async function replayBundle(...changes: readonly SourceChange[]): Promise<WorkflowBundleWithSourceMap> {
  await using changed = changes.length > 0 ? await NextBuild.of(changes) : null;
  // Awaited: else the changed sources are gone before they are read.
  return await bundleWorkflowCode({
    workflowsPath: changed?.workflowsPath ?? fileURLToPath(new URL('../../src/workflows/index.ts', import.meta.url)),
    workflowInterceptorModules: [fileURLToPath(new URL('./replay-interceptor.ts', import.meta.url))],
    logger: new DefaultLogger('ERROR'),
  });
}

/**
 * Takes a recorded run through the workflows of a bundle, as a worker does that takes over a run of its predecessor.
 * Temporal compares what is called and in what order; with what it is called is compared here.
 *
 * @throws {ReplayError} that names the history, what differs, and what to do.
 */
export async function replay({ name, json }: RecordedHistory, bundle: WorkflowBundleWithSourceMap): Promise<void> {
  const now: RecordedCall[] = [];
  const fn = (_: unknown, called: string, args: unknown): void => void now.push({ name: called, args: written(args) });
  const sinks: InjectedSinks<AskedForSinks> = { askedFor: { call: { fn, callDuringReplay: true } } };
  const ending = await Worker.runReplayHistory({ workflowBundle: bundle, sinks }, json).catch((error: Error) => error);
  const different = firstDifference(readRun(json).calls, now);
  if (ending instanceof DeterminismViolationError) {
    throw new ReplayError(explain(name, different ?? 'the order is another one', reasonOf(ending)), { cause: ending });
  }
  if (ending) throw ending;
  if (different !== null) throw new ReplayError(explain(name, different));
}

function explain(name: string, different: string, reason = ''): string {
  return [
    `${name} cannot go on under this code: ${different}.`,
    'A run that is under way while pointsman is upgraded would stop there, or do something else than it began.',
    'Leave the old way for it and put the new one behind patched(): CONTRIBUTING.md, "Changing a workflow".',
    ...(reason ? [`Temporal says: ${reason}`] : []),
  ].join('\n');
}

/** Temporal's core puts it into a dump of all that it knows. */
function reasonOf({ message }: Error): string {
  return /message: "((?:[^"\\]|\\.)*)"/.exec(message)?.[1] ?? message;
}

/** `null`: all that was called then is called now, with the same arguments. */
function firstDifference(then: readonly RecordedCall[], now: readonly RecordedCall[]): string | null {
  const at = then.findIndex((call, index) => !isDeepStrictEqual(call, now[index]));
  if (at === -1 && then.length === now.length) return null;
  const [was, is] = at === -1 ? [undefined, now[then.length]] : [then[at], now[at]];
  const call = `call ${at === -1 ? then.length + 1 : at + 1}`;
  if (was?.name !== is?.name) return `${call} was ${was?.name ?? 'none'} and is ${is?.name ?? 'none'} now`;
  return `${call}, ${was?.name}, is made with another ${differenceIn(was?.args, is?.args)}`;
}

/** The first value that differs, and where: `settings.drain.timeoutMs: 30000 then, 20000 now`. */
function differenceIn(then: unknown, now: unknown, path: readonly string[] = []): string {
  const inside = isObject(then) && isObject(now);
  if (!inside) return `${path.join('.') || 'argument'}: ${JSON.stringify(then)} then, ${JSON.stringify(now)} now`;
  const keys = [...new Set([...Object.keys(then), ...Object.keys(now)])];
  const key = keys.find((one) => !isDeepStrictEqual(then[one], now[one])) ?? '';
  return differenceIn(then[key], now[key], [...path, key]);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** As Temporal would keep it: without what is undefined. */
function written(args: unknown): unknown {
  return args === undefined ? undefined : (JSON.parse(JSON.stringify(args)) as unknown);
}
