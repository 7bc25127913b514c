import { execIn, type ExecResult } from '../docker/container.js';
import { redactorFor } from '../docker/redactor.js';
import type { Host } from '../hosts/host.js';
import type { ReplicaState } from '../model/database.js';
import type { Settings } from '../model/settings.js';
import { findLitestream, isGone, type LitestreamService } from './litestream-service.js';

/**
 * What is known of a replica. `unknown`: nothing can be told, which is neither good nor bad; `stopped`: Litestream does
 * not run.
 */
export interface ReplicaAnswer extends ReplicaState {
  readonly state: 'in step' | 'behind' | 'unknown' | 'stopped';
}

export interface AskOptions {
  /** How long the replica may take to catch up. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** The exec itself, and an engine on a host that is far away, take their time too. */
const graceMs = 2000;

/**
 * Asks Litestream to send everything that is committed now and to say when the replica has it: the one answer that can be
 * trusted. Its own `status` says "ok" with an endpoint that is dead, and what 0.3 shows of its lag is a guess.
 *
 * `null` when no replica of a database is configured.
 */
export async function askReplica(host: Host, settings: Settings, options: AskOptions): Promise<ReplicaAnswer | null> {
  const until = [AbortSignal.timeout(options.timeoutMs + graceMs), ...(options.signal ? [options.signal] : [])];
  try {
    const litestream = await findLitestream(host, settings, AbortSignal.any(until));
    if (litestream === null) return null;
    if (litestream === 'stopped') return stopped;
    const answer = await askService(host, litestream, { ...options, signal: AbortSignal.any(until) });
    return answer.problem ? { ...answer, problem: (await redactorFor(host, settings))(answer.problem) } : answer;
  } catch (error) {
    options.signal?.throwIfAborted();
    if (isGone(error)) return stopped;
    if (!until[0]?.aborted) throw error;
    return { state: 'behind', inStep: false, afterMs: options.timeoutMs, problem: 'Litestream does not answer' };
  }
}

const stopped: ReplicaAnswer = { state: 'stopped', inStep: false, afterMs: 0, problem: 'litestream does not run' };

async function askService(
  host: Host,
  { container, version, socket, database }: LitestreamService,
  { timeoutMs, signal }: AskOptions,
): Promise<ReplicaAnswer> {
  if (version === null) return unknown('there is no litestream in the container of its service');
  if (/^0\.[0-4]\./.test(version))
    return unknown(`Litestream ${version} does not tell: from 0.5 on it has a control socket`);
  if (socket === null)
    return unknown('Litestream has no control socket: set "socket: { enabled: true }" in its configuration');
  const seconds = String(Math.max(1, Math.round(timeoutMs / 1000)));
  const argv = ['litestream', 'sync', '-wait', '-timeout', seconds, '-socket', socket, database];
  const startedAt = performance.now();
  return judge(await execIn(host.docker, container, argv, { signal }), Math.round(performance.now() - startedAt));
}

/** Litestream knows nothing of the database, or nobody listens: that tells nothing of the replica. */
const noAnswer = /dial unix|database not found|database not open/i;

function judge({ exitCode, stdout, stderr }: ExecResult, afterMs: number): ReplicaAnswer {
  if (exitCode === 0) return { state: 'in step', inStep: true, afterMs, problem: '' };
  const problem =
    (stderr.trim() || stdout.trim())
      .split('\n')
      .at(-1)
      ?.replace(/^Error: /, '') ?? '';
  const words = problem || `litestream sync ended with exit code ${exitCode}`;
  return noAnswer.test(words) ? unknown(words) : { state: 'behind', inStep: false, afterMs, problem: words };
}

function unknown(problem: string): ReplicaAnswer {
  return { state: 'unknown', inStep: false, afterMs: 0, problem };
}
