import type { Live } from '../../src/model/slot.js';
import { imageRepository, type Playground } from '../../test/support/playground.js';
import type { Sample } from './accounting.js';
import { trafficImages } from './app-images.js';
import type { Mix } from './load.js';

/** One kind of run that is made under traffic. */
export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** What a user types; `other` is the one of v1 and v2 that is not live. */
  readonly command: (other: string) => readonly string[];
  readonly exitCode: number;
  /** Keys of `pointsman.yml` that it needs, as a change of the environment's project. */
  readonly settings?: (place: Playground) => Promise<void>;
  /** Default: `all`. */
  readonly mix?: Mix;
  /** `drain.timeout` of its settings, in milliseconds. Default: 30,000, as in pointsman. */
  readonly drainMs?: number;
  /** Failures that are the point of it, as of a release that answers with errors until it is switched back. Default: none. */
  readonly expects?: (failure: Sample) => boolean;
}

const deployOf = (release: string): readonly string[] => ['deploy', '-e', 'demo', '--release', release, '--json'];

/** Add a kind of run here: it is then taken by `--scenario`, and with `--deploys` and the like where it is one of those. */
export const scenarios: readonly Scenario[] = [
  { name: 'deploy', title: 'deploys', command: deployOf, exitCode: 0 },
  // Migrates the database, then crashes when its health is asked.
  { name: 'failed', title: 'failed deploys', command: () => deployOf('broken'), exitCode: 4 },
  {
    name: 'rollback',
    title: 'rollbacks',
    command: (other) => ['rollback', '-e', 'demo', '--to', other, '--json'],
    exitCode: 0,
  },
  {
    name: 'failed-held',
    title: 'failed deploys with a write hold',
    command: () => deployOf('broken'),
    exitCode: 4,
    settings: (place) => place.database({ holdWrites: true }),
  },
  {
    name: 'endless',
    title: 'deploys under WebSockets that never end, `drain.timeout: 12s`',
    command: deployOf,
    exitCode: 0,
    mix: 'endless',
    drainMs: 12_000,
    settings: (place) => place.edit('pointsman.yml', (text) => `${text}\ndrain: { timeout: 12s }\n`),
  },
  {
    name: 'switched-back',
    title: 'deploys of a release that answers with errors, switched back from in the bake',
    command: () => deployOf('erring'),
    exitCode: 4,
    settings: (place) =>
      place.configure({ bake: { duration: '1m', window: '2s', failures: 3, errors: '1%', latency: false } }),
    expects: ({ outcome, detail, release }) => outcome === 'non-2xx' && detail === '500' && release === 'erring',
  },
];

export function scenarioOf(name: string): Scenario {
  const found = scenarios.find((scenario) => scenario.name === name);
  if (found) return found;
  throw new Error(`no scenario ${name}: ${scenarios.map((scenario) => scenario.name).join(', ')}`);
}

interface Preparation extends Pick<Scenario, 'settings'> {
  /** What is deployed before anything is measured. Default: both, so that each can be rolled back to. */
  readonly releases?: readonly string[];
}

/** A project under which traffic can be made: the app with all routes, and the last of the releases live. */
export async function prepare(
  place: Playground,
  { settings, releases = ['v1', 'v2'] }: Preparation = {},
): Promise<void> {
  await place.edit('pointsman.yml', (text) => text.replace(`image: ${imageRepository}:`, `image: ${trafficImages}:`));
  await settings?.(place);
  for (const release of releases) {
    const { code, out } = await place.deploy(release);
    if (code !== 0) throw new Error(`the deploy of ${release} ended with ${code}:\n${out}`);
  }
}

export function otherThan(live: Pick<Live, 'release'> | null): string {
  return live?.release === 'v1' ? 'v2' : 'v1';
}
