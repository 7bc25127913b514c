import { proxyActivities, setCurrentDetails, setHandler, workflowInfo } from '@temporalio/workflow';
import type { Activities } from '../model/activities.js';
import { timestampOf } from '../model/names.js';
import type { SwitchPlan } from '../model/plan.js';
import { currentDetails } from '../model/progress-markdown.js';
import type { Attention, Phase, Progress, StepProgress } from '../model/progress.js';
import type { Settings } from '../model/settings.js';
import { stepWords, type ArgsOf, type ResultOf } from '../model/step-words.js';
import { activityOptions } from './activity-options.js';
import { failureMessage } from './failure-message.js';
import { progressQuery } from './messages.js';

type Name = keyof Activities;
type OwnArgs<N extends Name> = Omit<ArgsOf<N>, 'settings'>;

export interface Opening {
  readonly kind: Progress['kind'];
  readonly settings: Settings;
  readonly release: string | null;
  readonly requestedBy: string;
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
  readonly warnings: string[] = [];
  private phase: Phase = 'deploying';
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
      return await this.run('step', name, args);
    } catch (error) {
      this.warnings.push(`${name}: ${failureMessage(error)}`);
      return null;
    }
  }

  enter(phase: Phase): void {
    this.phase = phase;
    this.show();
  }

  /**
   * Name of the step that the run failed at; `null` when none did. The first one: what fails after it (the logs, the proof
   * of the replica) was only tried.
   */
  failedStep(): string | null {
    return this.steps.find(({ kind, state }) => kind === 'step' && state === 'failed')?.name ?? null;
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
      warnings: [...this.warnings],
    };
  }

  /** Marks the last attempt at a compensation as given up by a person. */
  markSkipped(name: string, note: string): void {
    const at = this.steps.findLastIndex((step) => step.name === name);
    const step = this.steps[at];
    if (step) this.steps[at] = { ...step, state: 'skipped', note };
    this.show();
  }

  private async run<N extends Name>(kind: StepProgress['kind'], name: N, own: OwnArgs<N>): Promise<ResultOf<N>> {
    const args = { ...own, settings: this.settings } as ArgsOf<N>;
    const words = stepWords[name];
    const summary = words.summary(args);
    const at = this.begin({ name, kind, state: 'running', summary, note: null, startedAt: Date.now(), endedAt: null });
    try {
      const activity = proxyActivities<Activities>({ ...activityOptions(name, this.settings), summary })[name];
      const result = (await (activity as (args: ArgsOf<N>) => Promise<unknown>)(args)) as ResultOf<N>;
      this.end(at, 'done', words.note(result, args));
      return result;
    } catch (error) {
      this.end(at, 'failed', failureMessage(error));
      throw error;
    }
  }

  private begin(step: StepProgress): number {
    this.steps.push(step);
    this.show();
    return this.steps.length - 1;
  }

  private end(at: number, state: StepProgress['state'], note: string): void {
    const step = this.steps[at];
    if (step) this.steps[at] = { ...step, state, note, endedAt: Date.now() };
    this.show();
  }

  private show(): void {
    setCurrentDetails(currentDetails(this.progress()));
  }
}
