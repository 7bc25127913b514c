import { Agent } from 'node:http';
import { pause, type Client } from './client.js';
import { exchange } from './exchange.js';

const takesMs = 10_000;

/** Asks for something that the app needs ten seconds for, and then for it again. */
export function slowRequest(firstAfterMs: number): Client {
  return async (place) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    await pause(firstAfterMs, place.signal);
    while (!place.signal.aborted) {
      const begunAt = Date.now();
      const ended = await exchange(place, { path: `/slow?ms=${takesMs}`, agent, timeoutMs: takesMs + 15_000 });
      const endedAt = Date.now();
      place.recorder.record({ kind: 'slow', begunAt, endedAt, latencyMs: endedAt - begunAt, ...ended });
      if (ended.outcome !== 'ok') await pause(1000, place.signal);
    }
    agent.destroy();
  };
}
