import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { pause, type Client } from './client.js';
import { exchange, type Reading } from './exchange.js';

const bytes = 20 * 1024 * 1024;
const bytesPerMs = 5 * 1024;

/** Downloads 20 MB as over a line of 5 MB/s, so that the download is under way for four seconds, and then again. */
export function download(): Client {
  return async (place) => {
    while (!place.signal.aborted) {
      const begunAt = Date.now();
      const ended = await exchange(place, { path: `/traffic/large?bytes=${bytes}`, timeoutMs: 15_000, read });
      const endedAt = Date.now();
      place.recorder.record({ kind: 'download', begunAt, endedAt, latencyMs: endedAt - begunAt, ...ended });
      if (ended.outcome !== 'ok') await pause(1000, place.signal);
    }
  };
}

async function read(response: IncomingMessage): Promise<Reading | null> {
  const begunAt = Date.now();
  let got = 0;
  const ended = once(response, 'end');
  // It is awaited only at the end; a download that breaks off before that must not be an unhandled rejection.
  ended.catch(() => undefined);
  response.on('data', (chunk: Buffer) => {
    got += chunk.length;
    const aheadMs = got / bytesPerMs - (Date.now() - begunAt);
    if (aheadMs < 20) return;
    response.pause();
    void sleep(aheadMs).then(() => response.resume());
  });
  await ended;
  return got === bytes ? null : { outcome: 'wrong', detail: `${got} bytes instead of ${bytes}` };
}
