import { MockActivityEnvironment } from '@temporalio/testing';
import { createActivities } from '../../src/activities/index.js';
import type { Hosts } from '../../src/hosts/hosts.js';
import type { Activities } from '../../src/model/activities.js';
import type { RouterPlace } from './router-place.js';

/** The timestamp of every run that does not name another. */
export const timestamp = '20261123T092334Z';

/** Runs a step as a worker would, with what every step of a run gets. */
export function runStep<N extends keyof Activities>(
  { host, settings }: Pick<RouterPlace, 'host' | 'settings'>,
  name: N,
  args: object = {},
  environment = new MockActivityEnvironment(),
): ReturnType<Activities[N]> {
  const hosts: Hosts = { of: () => Promise.resolve(host) };
  const step = createActivities({ hosts })[name] as (args: object) => Promise<void>;
  return environment.run(step, { settings, timestamp, ...args }) as ReturnType<Activities[N]>;
}
