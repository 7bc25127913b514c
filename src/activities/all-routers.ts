import type { Host } from '../hosts/host.js';
import type {
  DrainArgs,
  Drained,
  RouterConfigArgs,
  RouterConfigWritten,
  RouterWorker,
  SwitchBackArgs,
  SwitchedBack,
  SwitchProven,
} from '../model/activities.js';
import { hasOtherRouters, routersOf } from '../model/routers.js';
import type { Settings } from '../model/settings.js';
import { atOnce, inTurn } from './each-router.js';
import type { Work } from './step.js';

/** What is asked of every router before the first one is written to, or loads anything. */
type Asked = (host: Host, args: RouterConfigArgs, signal: AbortSignal) => Promise<void>;

/** Every router is asked whether it accepts its config first, so that one which does not leaves none half way. */
export function writtenInAll(
  write: Work<RouterConfigArgs, RouterConfigWritten>,
  mustAccept: Asked,
): Work<RouterConfigArgs, RouterConfigWritten> {
  return async (host, args, running) => {
    if (!hasOtherRouters(args.settings)) return write(host, args, running);
    await inTurn(args, (own) => mustAccept(host, own, running.signal));
    const written = await inTurn(args, async (own) => named(args, own.settings, await write(host, own, running)));
    return { changed: written.some(({ changed }) => changed), workers: written.flatMap(({ workers }) => workers) };
  };
}

/** Users of one must not get a release that another router never reaches, so each has to before the first is reloaded. */
export function reloadedInAll(
  reload: Work<RouterConfigArgs, SwitchProven>,
  mustReach: Asked,
): Work<RouterConfigArgs, SwitchProven> {
  return async (host, args, running) => {
    if (!hasOtherRouters(args.settings)) return reload(host, args, running);
    const started = Date.now();
    await inTurn(args, (own) => mustReach(host, own, running.signal));
    const proven = await atOnce(args, (own) => reload(host, own, running));
    return { answers: Math.min(...proven.map(({ answers }) => answers)), afterMs: Date.now() - started };
  };
}

/** One that cannot be switched back keeps none of the others from it; the step is tried again for that one. */
export function backInAll(back: Work<SwitchBackArgs, SwitchedBack>): Work<SwitchBackArgs, SwitchedBack> {
  return async (host, args, running) => {
    const all = await atOnce(args, async (own) => named(args, own.settings, await back(host, own, running)));
    return { changed: all.some(({ changed }) => changed), workers: all.flatMap(({ workers }) => workers) };
  };
}

/** Each waits for workers of its own, all for the same time. */
export function drainedInAll(drain: Work<DrainArgs, Drained>): Work<DrainArgs, Drained> {
  return async (host, args, running) => {
    const [{ router: primary }] = routersOf(args.settings);
    const all = await atOnce(args, (own) => {
      const { service } = own.settings.router;
      const workers = args.workers.filter((worker) => (worker.service ?? primary.service) === service);
      return drain(host, { ...own, workers }, running);
    });
    const cut = all.reduce((sum, one) => sum + (one.cut ?? 0), 0);
    return {
      drained: all.every(({ drained }) => drained),
      remaining: all.reduce((sum, { remaining }) => sum + remaining, 0),
      ...(cut > 0 ? { cut } : {}),
      afterMs: Math.max(...all.map(({ afterMs }) => afterMs)),
    };
  };
}

/** Workers of another router than the primary are told apart by its service. */
function named<Result extends { readonly workers: readonly RouterWorker[] }>(
  { settings: { router: primary } }: { readonly settings: Settings },
  { router: { service } }: Settings,
  result: Result,
): Result {
  if (service === primary.service) return result;
  return { ...result, workers: result.workers.map((worker) => ({ ...worker, service })) };
}
