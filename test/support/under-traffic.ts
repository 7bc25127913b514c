import { Traffic, type TrafficReport } from '../../bench/traffic.js';
import type { Playground, Ran } from './playground.js';

/**
 * Runs a command while clients keep requesting: before it, all along, and after it.
 *
 * @param requests how many are made in all, at least.
 */
export async function underTraffic(
  place: Playground,
  act: () => Promise<Ran>,
  requests = 400,
): Promise<Ran & { traffic: TrafficReport }> {
  const traffic = new Traffic({ port: place.port });
  await traffic.atLeast(200);
  const ran = await act();
  await traffic.atLeast(Math.max(200, requests - traffic.requests));
  return { ...ran, traffic: await traffic.stop() };
}

/**
 * For a test that is about something else, and counts beside it what failed: three clients send one request each twentieth of
 * a second, and take a third of what ten take of a processor, in the clients, nginx and the app.
 */
export function trafficBeside({ port }: Pick<Playground, 'port'>): Traffic {
  return new Traffic({ port, clients: 3 });
}

/** Ids of acknowledged notes that are in none of these. */
export function missing(written: readonly string[], ...kept: readonly Set<string>[]): string[] {
  return written.filter((id) => !kept.some((notes) => notes.has(id)));
}
