import { Traffic, type TrafficReport } from '../../bench/traffic.js';
import type { Playground, Ran } from './playground.js';

/** Runs a command while clients keep requesting, until at least 2,000 requests were made. */
export async function underTraffic(
  place: Playground,
  act: () => Promise<Ran>,
): Promise<Ran & { traffic: TrafficReport }> {
  const traffic = new Traffic({ port: place.port });
  await traffic.atLeast(200);
  const ran = await act();
  await traffic.atLeast(Math.max(200, 2000 - traffic.requests));
  return { ...ran, traffic: await traffic.stop() };
}

/** Ids of acknowledged notes that are in none of these. */
export function missing(written: readonly string[], ...kept: readonly Set<string>[]): string[] {
  return written.filter((id) => !kept.some((notes) => notes.has(id)));
}
