import type { Progress } from '../model/progress.js';
import { liveText } from '../model/slot.js';
import type { Canary, RouterState } from '../router/live-slot.js';
import { previewHeader } from '../model/rollout.js';
import { pc } from './colours.js';

/** What the router tells of a switch in stages. */
type RouterStage = Pick<RouterState, 'live' | 'canary' | 'maintenance' | 'watched'>;

/** What is known of the run. */
export interface KnownRun {
  /** `null`: nothing runs, or nobody tells. */
  readonly progress: Progress | null;
  /** Something runs, though nobody may be there to tell what. */
  readonly runs: boolean;
  /** The last one was ended from outside, so that no deploy begins before that is put in order. */
  readonly ended: boolean;
}

/** What users get besides what is live, in words; nothing where all of them get just that. */
export function stageLines(state: RouterStage, { progress, runs, ended }: KnownRun): string[] {
  const { canary, maintenance, watched } = state;
  const next = ended ? '"pointsman recover"' : 'the next one';
  const left = runs ? '' : pc.yellow(`; left behind by a deploy that is gone, and ${next} ends it`);
  const lines: string[] = [];
  if (maintenance)
    lines.push(
      pc.yellow(
        `maintenance: users get 503 and Retry-After, by ${maintenance.by} since ${maintenance.since}; pointsman maintenance off ends it`,
      ),
    );
  if (canary) lines.push(canaryLine(canary) + left);
  if (progress?.phase === 'baking') lines.push(bakeLine(progress));
  else if (watched && !canary && !runs) lines.push(`watch: the router notes what each slot answers${left}`);
  return lines;
}

function canaryLine({ slot, release, weight }: Canary): string {
  const to = liveText({ slot, release });
  return weight === 0
    ? `preview: ${to} answers requests with the header ${previewHeader}, and no others`
    : `canary: ${weight} % of the requests go to ${to}`;
}

function bakeLine({ liveBefore, steps }: Progress): string {
  const judged = steps.findLast(({ name, note }) => name === 'judgeTraffic' && note !== null);
  const last = judged ? `; ${judged.note}` : '';
  return `bake: ${liveBefore ? `${liveText(liveBefore)} stays warm` : 'nothing to switch back to'}${last}`;
}
