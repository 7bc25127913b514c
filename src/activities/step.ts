import { settingsOn } from '../docker/project-directory.js';
import { asAttempt } from '../hosts/fence.js';
import type { Host } from '../hosts/host.js';
import type { StepArgs } from '../model/activities.js';
import type { FailureType } from '../model/failure.js';
import type { Dependencies } from './dependencies.js';
import { named } from './failures.js';
import { running, type Running } from './running.js';

/** What a step does on its host, with settings in which every path is one of that host. */
export type Work<Args extends StepArgs, Result> = (host: Host, args: Args, context: Running) => Promise<Result>;

/**
 * Makes activities of what steps do: on the host that the settings name, with heartbeats beside it, behind the fences of
 * whatever was begun later, and with failures of the closed list.
 */
export function stepsOn({ hosts, runner = running }: Dependencies) {
  return <Args extends StepArgs, Result>(work: Work<Args, Result>, fallback?: FailureType) =>
    (args: Args): Promise<Result> =>
      runner((context) =>
        named(async () => {
          const host = await hosts.of(args.settings.host ?? null);
          const own = { ...args, settings: settingsOn(host, args.settings) };
          return asAttempt(context, () => work(host, own, context));
        }, fallback),
      );
}
