import { randomUUID } from 'node:crypto';
import { Agent } from 'node:http';
import type { Kind } from '../kinds.js';
import { paced, type Client, type Place } from './client.js';
import { exchange } from './exchange.js';

const timeoutMs = 15_000;

/** Reads a row again and again over a connection that it keeps for as long as the other side does. */
export function keptGet(everyMs: number): Client {
  return kept((place, agent) => paced(everyMs, place, (dueAt) => readRow(place, 'kept GET', dueAt, agent)));
}

/** Writes rows over a connection that it keeps. */
export function keptPost(everyMs: number): Client {
  return kept((place, agent) => paced(everyMs, place, (dueAt) => writeRow(place, 'kept POST', dueAt, agent)));
}

/** Reads a row again and again, each time over a new connection. */
export function newGet(everyMs: number): Client {
  return (place) => paced(everyMs, place, (dueAt) => readRow(place, 'new GET', dueAt));
}

/** Writes rows, each over a new connection. */
export function newPost(everyMs: number): Client {
  return (place) => paced(everyMs, place, (dueAt) => writeRow(place, 'new POST', dueAt));
}

/**
 * Each client has a connection of its own: those that shared a pool would leave some of it unused for seconds, and take them
 * again in the very moment of a reload.
 */
function kept(run: (place: Place, agent: Agent) => Promise<void>): Client {
  return async (place) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    await run(place, agent).finally(() => agent.destroy());
  };
}

async function readRow(place: Place, kind: Kind, dueAt: number, agent?: Agent): Promise<void> {
  const begunAt = Date.now();
  const ended = await exchange(place, { path: '/traffic/newest', timeoutMs, ...(agent ? { agent } : {}) });
  const endedAt = Date.now();
  place.recorder.record({ kind, begunAt, endedAt, latencyMs: endedAt - dueAt, ...ended });
}

async function writeRow(place: Place, kind: Kind, dueAt: number, agent?: Agent): Promise<void> {
  const id = randomUUID();
  const begunAt = Date.now();
  const body = JSON.stringify({ id, text: 'one of many' });
  const what = { method: 'POST', path: '/api/notes', body, timeoutMs } as const;
  const ended = await exchange(place, { ...what, ...(agent ? { agent } : {}) });
  const endedAt = Date.now();
  place.recorder.record({ kind, begunAt, endedAt, latencyMs: endedAt - dueAt, ...ended });
  if (ended.outcome === 'ok') place.recorder.acknowledge(id);
}
