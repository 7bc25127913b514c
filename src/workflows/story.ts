import { proxyActivities, setCurrentDetails, setHandler, workflowInfo } from '@temporalio/workflow';
import type { Activities } from '../model/activities.js';
import type { BackupManifest } from '../model/database.js';
import type { ApprovalAnswer } from '../model/input.js';
import { markdown } from '../model/markdown.js';
import { timestampOf } from '../model/names.js';
import type { SwitchPlan } from '../model/plan.js';
import { currentDetails } from '../model/progress-markdown.js';
import type { Attention, PendingApproval, Phase, Progress, StepProgress } from '../model/progress.js';
import type { Settings } from '../model/settings.js';
import type { AnswerSigned, Carries, StartSigned, StepSigned } from '../model/signed.js';
import { stepWords, type ArgsOf, type ResultOf } from '../model/step-words.js';
import { activityOptions } from './activity-options.js';
import { failureMessage } from './failure-message.js';
import { progressQuery } from './messages.js';

type Name = keyof Activities;
type OwnArgs<N extends Name> = Omit<ArgsOf<N>, 'settings' | 'signed'>;

/** Says what has come of a line of the story so far; what a program of the app's own wrote, stands below it. */
export type Say = (note: string, lines?: readonly string[]) => void;

/** A line that begins. `tried`: its failure does not end the story. */
type Begun = Pick<StepProgress, 'kind' | 'name' | 'summary'> & { readonly tried?: boolean };

export interface Opening {
  readonly kind: Progress['kind'];
  readonly settings: Settings;
  readonly release: string | null;
  readonly requestedBy: string;
  /** Who may ask has asked for it. */
  readonly signed: StartSigned | null | undefined;
}

/** Runs steps and keeps account of them: what the `progress` query, the UI's current details and the ending say. */
export class Story {
  /** Names what this run leaves on the host (backup, salvage, previous config): the same in every attempt. */
  readonly timestamp = timestampOf(workflowInfo().startTime.getTime());
  readonly deployId = workflowInfo().runId;
  settings: Settings;
  release: string | null;
  /** `null` until it is known where the release goes. */
  plan: SwitchPlan | null = null;
  attention: Attention | null = null;
  /** What a person is asked now. */
  approval: PendingApproval | null = null;
  /** Who let the release go on, or did not; `null` where nobody was asked, or not yet. */
  answer: ApprovalAnswer | null = null;
  /** The backup from before a database that is not put back; `null` where it is. */
  kept: BackupManifest | null = null;
  readonly warnings: string[] = [];
  private phase: Phase = 'deploying';
  private failedAt: string | null = null;
  private readonly opening: Opening;
  private readonly steps: StepProgress[] = [];

  constructor(opening: Opening) {
    this.opening = opening;
    this.settings = opening.settings;
    this.release = opening.release;
    setHandler(progressQuery, () => this.progress(), {
      description: 'Where the deploy is and what came of each step.',
    });
  }

  /** Runs one step of the story. */
  step<N extends Name>(name: N, args: OwnArgs<N>): Promise<ResultOf<N>> {
    return this.run('step', name, args);
  }

  /** Runs the undoing of a step. */
  compensation<N extends Name>(name: N, args: OwnArgs<N>): Promise<ResultOf<N>> {
    return this.run('compensation', name, args);
  }

  /** Runs a step whose failure does not change the ending: it becomes a warning. */
  async attempt<N extends Name>(name: N, args: OwnArgs<N>): Promise<ResultOf<N> | null> {
    try {
      return await this.run('step', name, args, true);
    } catch (error) {
      this.warnings.push(`${name}: ${failureMessage(error)}`);
      return null;
    }
  }

  /** Tells a time of several calls, or of none (a wait for a person), as one line that changes. */
  line<Result>(name: string, summary: string, work: (say: Say) => Promise<Result>): Promise<Result> {
    return this.tell({ kind: 'step', name, summary }, work);
  }

  /** One of the calls of such a line; `summary` is what the Temporal UI shows beside it. */
  async call<N extends Name>(name: N, own: OwnArgs<N>, summary: string): Promise<ResultOf<N>> {
    const args = { ...own, settings: this.settings, ...this.signed(name) } as ArgsOf<N>;
    const activity = proxyActivities<Activities>({
      ...activityOptions(name, this.settings),
      summary: markdown`${summary}`,
    })[name];
    return (await (activity as (args: ArgsOf<N>) => Promise<unknown>)(args)) as ResultOf<N>;
  }

  /**
   * Why an answer does not count, whatever it says. `null`: it is signed for this run, or the run was started by a pointsman that
   * signed nothing.
   */
  unsigned({ signed }: Carries<AnswerSigned>): string | null {
    if (!this.opening.signed) return null;
    const { workflowId, startTime } = workflowInfo();
    const fits =
      signed?.for === 'answer' && signed.workflowId === workflowId && signed.startedAt === startTime.getTime();
    return fits ? null : 'it is not signed by somebody who may answer: use pointsman approve, abort, retry or skip';
  }

  /** What lets a worker take a step: absent where the run was started by a pointsman that signed nothing. */
  private signed(step: Name): Carries<StepSigned> {
    const { signed: start } = this.opening;
    return start === undefined ? {} : { signed: { for: 'step', step, runId: workflowInfo().runId, start } };
  }

  enter(phase: Phase): void {
    this.phase = phase;
    this.show();
  }

  /** Does `work` in a phase of its own. */
  async during<Result>(phase: Phase, work: () => Promise<Result>): Promise<Result> {
    this.enter(phase);
    const result = await work();
    this.enter('deploying');
    return result;
  }

  /** Name of the step that the run failed at; `null` when none did. What was only tried is no such step. */
  failedStep(): string | null {
    return this.failedAt;
  }

  progress(): Progress {
    return {
      kind: this.opening.kind,
      project: this.settings.project,
      environment: this.settings.environment,
      release: this.release,
      slot: this.plan?.slot ?? null,
      requestedBy: this.opening.requestedBy,
      startedAt: workflowInfo().startTime.getTime(),
      phase: this.phase,
      liveBefore: this.plan?.from ?? null,
      steps: [...this.steps],
      attention: this.attention,
      ...(this.approval ? { approval: this.approval } : {}),
      warnings: [...this.warnings],
    };
  }

  /** Marks the last attempt at a compensation as given up by a person. */
  markSkipped(name: string, note: string): void {
    this.change(
      this.steps.findLastIndex((step) => step.name === name),
      { state: 'skipped', note },
    );
  }

  /** Says why the last step failed, where it cannot know: it was only told to stop. */
  explainFailure(note: string): void {
    this.change(
      this.steps.findLastIndex(({ kind, state }) => kind === 'step' && state === 'failed'),
      { note },
    );
  }

  private run<N extends Name>(
    kind: StepProgress['kind'],
    name: N,
    own: OwnArgs<N>,
    tried = false,
  ): Promise<ResultOf<N>> {
    const args = { ...own, settings: this.settings } as ArgsOf<N>;
    const words = stepWords[name];
    const summary = words.summary(args);
    return this.tell({ kind, name, summary, tried }, async (say) => {
      const result = (await this.call(name, own, summary)) as ResultOf<N>;
      say(words.note(result, args), words.lines?.(result));
      return result;
    });
  }

  private async tell<Result>({ tried, ...begun }: Begun, work: (say: Say) => Promise<Result>): Promise<Result> {
    const at = this.steps.push({ ...begun, state: 'running', note: null, startedAt: Date.now(), endedAt: null }) - 1;
    this.show();
    try {
      const result = await work((note, lines = []) =>
        this.change(at, { note, ...(lines.length > 0 ? { lines } : {}) }),
      );
      this.change(at, { state: 'done', endedAt: Date.now() });
      return result;
    } catch (error) {
      if (begun.kind === 'step' && !tried) this.failedAt ??= begun.name;
      this.change(at, { state: 'failed', note: failureMessage(error), endedAt: Date.now() });
      throw error;
    }
  }

  private change(at: number, change: Partial<StepProgress>): void {
    const step = this.steps[at];
    if (step) this.steps[at] = { ...step, ...change };
    this.show();
  }

  private show(): void {
    setCurrentDetails(currentDetails(this.progress()));
  }
}
