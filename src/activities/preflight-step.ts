import type { Activities } from '../model/activities.js';
import { runPreflight } from '../preflight/index.js';
import type { Dependencies } from './dependencies.js';
import { failureOf, named } from './failures.js';
import { running } from './running.js';

/** Looks before anything is touched; all findings arrive at once. */
export function preflightStep({ host }: Dependencies): Pick<Activities, 'preflight'> {
  return {
    preflight: ({ settings, release, kind }) =>
      running(() =>
        named(async () => {
          const { findings, live } = await runPreflight(host, settings, { release, kind });
          const errors = findings.filter(({ severity }) => severity === 'error');
          if (errors.length === 0) return { warnings: findings, live };
          const reasons = errors.map(({ message, fix }) => `${message} ${fix}`).join(' · ');
          throw failureOf('PreflightFailed', reasons, [findings]);
        }),
      ),
  };
}
