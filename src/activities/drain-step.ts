import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../hosts/host.js';
import type { DrainArgs, Drained } from '../model/activities.js';
import { Nginx } from '../router/nginx.js';
import { oldConnections } from '../router/old-connections.js';
import { endNow } from './old-workers.js';
import type { Running } from './running.js';

/**
 * Waits until the workers have answered what they had. Those that still have something at `drain.timeout` are ended, and what
 * is cut with them is counted: a WebSocket need never end, and a worker with one would stay for as long as it does.
 */
export async function drainSlot(host: Host, { settings, workers }: DrainArgs, { signal }: Running): Promise<Drained> {
  const started = Date.now();
  for (;;) {
    const nginx = await Nginx.find(host, settings);
    // A router that died has no workers of before, nor their requests.
    const remaining = nginx?.running ? (await nginx.remaining(workers)).length : 0;
    const afterMs = Date.now() - started;
    if (!nginx || remaining === 0) return { drained: true, remaining, afterMs };
    if (afterMs > settings.drain.timeoutMs) {
      const cut = await oldConnections(nginx, settings.router.upstreamPort);
      await endNow(nginx, workers, signal);
      return { drained: false, remaining, ...(cut ? { cut } : {}), afterMs };
    }
    await sleep(100, undefined, { signal });
  }
}
