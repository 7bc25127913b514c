import { ApplicationFailure, condition, setHandler } from '@temporalio/workflow';
import { durationText } from '../model/duration-text.js';
import type { FailureType } from '../model/failure.js';
import { wrongAnswer, type ApprovalAnswer } from '../model/input.js';
import type { PendingApproval } from '../model/progress.js';
import type { ApprovalSettings } from '../model/settings.js';
import { answerApproval, approvalSignal } from './messages.js';
import type { Story } from './story.js';

/** Waits for a person's yes or no. An answer counts only while one is waited for, and the first one does. */
export class Approval {
  private readonly story: Story;

  constructor(story: Story) {
    this.story = story;
    setHandler(answerApproval, (answer: ApprovalAnswer) => this.take(answer), {
      description: 'Approve or abort the release that waits for it.',
      validator: (answer: ApprovalAnswer) => {
        const problem = this.refusal(answer);
        if (problem !== null) throw new Error(problem);
      },
    });
    const takeSignal = (answer: ApprovalAnswer): void => {
      const problem = this.refusal(answer);
      if (problem === null) this.take(answer);
      else story.warnings.push(`an approval signal was left out: ${problem}`);
    };
    setHandler(approvalSignal, takeSignal, {
      description: 'As the update answerApproval; one that is not waited for is left out, with a warning.',
    });
  }

  /**
   * Returns once the release may go on.
   *
   * @param holdEnds when a write hold will have lasted too long, which undoes the deploy; `null`: none is kept.
   * @throws ApplicationFailure `NotApproved`, with who and why.
   */
  async ask(asked: ApprovalSettings, holdEnds: number | null): Promise<void> {
    const { story } = this;
    await story.line('approval', summaryOf(asked), async (say) => {
      story.approval = pendingOf(asked, holdEnds);
      const answer = await story.during('waiting-for-approval', () => this.given(asked));
      if (answer.answer === 'abort') throw notApproved(answer);
      say(`approved by ${answer.by}${answer.reason ? `: ${answer.reason}` : ''}`);
    });
  }

  /** Whoever asked for the deploy has approved it with it. */
  async inAdvance(by: string): Promise<void> {
    await this.story.line('approval', 'nobody is waited for', (say) => {
      this.story.answer = { answer: 'approve', by, reason: 'in advance' };
      say(`approved by ${by} in advance`);
      return Promise.resolve();
    });
  }

  private async given(asked: ApprovalSettings): Promise<ApprovalAnswer> {
    const { story } = this;
    try {
      const summary = `approval, else ${asked.otherwise}`;
      await condition(() => story.answer !== null, asked.timeoutMs, { summary });
      return (story.answer ??= byDeadline(asked));
    } finally {
      story.approval = null;
    }
  }

  private take(answer: ApprovalAnswer): void {
    const { by, reason } = answer as Omit<ApprovalAnswer, 'reason'> & { readonly reason?: string | null };
    this.story.answer = { answer: answer.answer, by: by.trim(), reason: (reason ?? '').trim() };
  }

  private refusal(answer: unknown): string | null {
    if (!this.story.approval) return 'nothing waits for approval: there is nothing to approve or abort';
    if (this.story.answer) return `${this.story.answer.by} has answered already: ${this.story.answer.answer}`;
    return wrongAnswer(answer) ?? this.meantFor(answer as ApprovalAnswer);
  }

  /** Between a look and an answer one run may have ended and another one begun. */
  private meantFor(answer: ApprovalAnswer): string | null {
    const { release } = answer;
    const waits = this.story.release;
    return release === undefined || release === null || release === waits
      ? this.story.unsigned(answer)
      : `${release} is not what waits for approval, but ${waits ?? 'something without a release'}`;
  }
}

function summaryOf({ when, timeoutMs, otherwise }: ApprovalSettings): string {
  const times = { 'before-switch': 'before the switch', 'after-canary': 'after the canary' };
  return `ask whether to go on ${times[when]} (at most ${durationText(timeoutMs)}, then ${otherwise})`;
}

/** A hold that ends before the deadline undoes the deploy, whatever the answer would have been. */
function pendingOf({ when, timeoutMs, otherwise }: ApprovalSettings, holdEnds: number | null): PendingApproval {
  const since = Date.now();
  const deadline = since + timeoutMs;
  return holdEnds !== null && holdEnds < deadline
    ? { when, since, deadline: holdEnds, otherwise: 'abort' }
    : { when, since, deadline, otherwise };
}

function byDeadline({ otherwise, timeoutMs }: ApprovalSettings): ApprovalAnswer {
  return {
    answer: otherwise,
    by: 'the deadline',
    reason: `nobody answered within ${durationText(timeoutMs)} (approval.timeout)`,
  };
}

function notApproved({ by, reason }: ApprovalAnswer): ApplicationFailure {
  const type: FailureType = 'NotApproved';
  return ApplicationFailure.nonRetryable(`not approved by ${by}: ${reason}`, type);
}
