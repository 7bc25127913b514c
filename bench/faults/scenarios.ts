import { execa } from 'execa';
import type { Live } from '../../src/model/slot.js';
import { imageRepository, type Playground } from '../../test/support/playground.js';

/** One kind of run that the matrix is made for. */
export interface Scenario {
  readonly name: string;
  /** Releases to take, the first one that is not live; what `deploy` or `rollback` is asked for. */
  readonly releases: readonly string[];
  readonly command: (release: string) => readonly string[];
  /** Cells begin at this step: what comes before is the same as in another scenario. */
  readonly from?: string;
  /** It takes over what is live, behind a config of its user's with this in its server besides. */
  readonly theirs?: string;
  /** How the release gets its users. Default: all at once. */
  readonly rollout?: Parameters<Playground['configure']>[0];
}

const adopt = (): readonly string[] => ['adopt', '-e', 'demo', '--yes'];

const deploy = (release: string): readonly string[] => ['deploy', '-e', 'demo', '--release', release];

export const scenarios: readonly Scenario[] = [
  { name: 'deploy', releases: ['v1', 'v2'], command: deploy },
  // Migrates the database, then fails its health check.
  { name: 'failing-deploy', releases: ['broken'], command: deploy },
  // Healthy, and wrong as soon as it is asked through the router.
  { name: 'failing-switch', releases: ['unproven'], command: deploy, from: 'reloadRouter' },
  {
    name: 'rollback',
    releases: ['v1', 'v2'],
    command: (release) => ['rollback', '-e', 'demo', '--to', release],
  },
  {
    name: 'staged-deploy',
    releases: ['v1', 'v2'],
    command: deploy,
    from: 'watchLive',
    rollout: {
      canary: { stages: [30], pause: '4s' },
      bake: { duration: '4s', window: '2s', failures: 2, errors: '5%', latency: false, minRequests: 10 },
    },
  },
  { name: 'adopt', releases: [], command: adopt, theirs: '' },
  // Answers with its own config, and so with another one as soon as that is replaced.
  {
    name: 'failing-adopt',
    releases: [],
    command: adopt,
    from: 'writeAdoption',
    theirs: 'location = /config { default_type text/plain; alias /etc/nginx/conf.d/default.conf; }',
  },
];

export function scenarioOf(name: string): Scenario {
  const found = scenarios.find((scenario) => scenario.name === name);
  if (found) return found;
  throw new Error(`no scenario ${name}: ${scenarios.map((scenario) => scenario.name).join(', ')}`);
}

/** The release that a run is about. */
export function releaseFor({ releases, theirs }: Scenario, live: Live | null): string {
  if (theirs !== undefined) return live?.release ?? '';
  return releases.find((release) => release !== live?.release) ?? releases[0] ?? '';
}

const unproven = `${imageRepository}:unproven`;

/** Answers its own port as it should, and everybody who comes through a proxy with an error where its health is asked. */
export async function buildUnproven(): Promise<void> {
  const health = 'if self.headers.get("X-Forwarded-For"): return as_json(500, {"error": "only for friends"})';
  const at = 'def healthz(self, _query):';
  const input = [
    `FROM ${imageRepository}:v1`,
    'USER root',
    `RUN sed -i '/    ${at}/a \\        ${health}' /app/app/server.py && grep -q friends /app/app/server.py`,
    'USER 1000:1000',
  ].join('\n');
  await execa('docker', ['build', '-t', unproven, '-'], { env: { DOCKER_BUILDKIT: '0' }, input });
}

export async function removeUnproven(): Promise<void> {
  await execa('docker', ['rmi', '-f', unproven], { reject: false });
}

/**
 * A playground with both releases recorded, so that each can be rolled back to.
 *
 * @param engineDies the S3 server of the playground, which elsewhere is on no engine of the app's, is stopped with it:
 *   Litestream gets 2 s for its last sync then, and not the 30 s for which it would try in vain.
 */
export async function prepare(place: Playground, { engineDies = false } = {}): Promise<void> {
  if (engineDies) await place.edit('litestream/litestream.yml', (text) => `shutdown-sync-timeout: 2s\n${text}`);
  await place.database({ holdWrites: true, migrate: ['python', '-m', 'app.migrate'] });
  for (const release of ['v1', 'v2']) {
    const { code, out } = await place.deploy(release);
    if (code !== 0) throw new Error(`the deploy of ${release} ended with ${code}:\n${out}`);
  }
}
