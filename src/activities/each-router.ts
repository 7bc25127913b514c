import { ApplicationFailure } from '@temporalio/common';
import type { StepArgs } from '../model/activities.js';
import { routersOf } from '../model/routers.js';
import { failureOf, toFailure } from './failures.js';
import type { FailureType } from '../model/failure.js';

/** What is done to one router: its arguments have settings with that router as the only one. */
export type RouterWork<Args extends StepArgs, Result> = (args: Args) => Promise<Result>;

/** At one router after the other, the primary first; where one fails, those after it are not touched. */
export async function inTurn<Args extends StepArgs, Result>(
  args: Args,
  work: RouterWork<Args, Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const own of argsOf(args)) results.push(await naming(own, args, work));
  return results;
}

/**
 * At all routers at the same time, so that they differ as briefly as can be. Where one fails, it still ends at the others:
 * what goes on in one must not be left half done because of another.
 *
 * @throws what the first one that failed has thrown.
 */
export async function atOnce<Args extends StepArgs, Result>(
  args: Args,
  work: (own: Args, at: number) => Promise<Result>,
): Promise<Result[]> {
  const all = argsOf(args).map((own, at) => naming(own, args, () => work(own, at)));
  const settled = await Promise.allSettled(all);
  const failed = settled.find((one) => one.status === 'rejected');
  if (failed) throw failed.reason;
  return Promise.all(all);
}

/** A config is in place everywhere before the first router loads it: where one refuses its own, none has loaded anything. */
export async function placedThenLoaded<Args extends StepArgs, Placed, Result>(
  args: Args,
  place: RouterWork<Args, Placed>,
  load: (own: Args, placed: Placed) => Promise<Result>,
): Promise<Result[]> {
  const placed = await inTurn(args, place);
  return atOnce(args, (own, at) => load(own, placed[at] as Placed));
}

function argsOf<Args extends StepArgs>(args: Args): Args[] {
  return routersOf(args.settings).map((settings) => ({ ...args, settings }));
}

/** Where there are several, a failure says which one it is of. */
async function naming<Args extends StepArgs, Result>(
  own: Args,
  { settings: { otherRouters } }: Args,
  work: RouterWork<Args, Result>,
): Promise<Result> {
  try {
    return await work(own);
  } catch (error) {
    const failure = toFailure(error);
    if (otherRouters === undefined || !(failure instanceof ApplicationFailure)) throw error;
    const message = `${own.settings.router.service}: ${failure.message}`;
    throw failureOf(failure.type as FailureType, message, failure.details ?? []);
  }
}
