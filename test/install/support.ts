import type { Finding } from '../../src/model/finding.js';
import type { StepReport } from '../../src/install/carry-out.js';
import type { Listener } from '../../src/install/install.js';

export interface Recorder {
  readonly listener: Listener;
  readonly steps: StepReport[];
  readonly warnings: Finding[];
  readonly notes: string[];
  /** Titles of what was carried out. */
  readonly done: () => string[];
}

/** Keeps what a person would be told. */
export function recorder(onNote?: (text: string) => Promise<void>): Recorder {
  const steps: StepReport[] = [];
  const warnings: Finding[] = [];
  const notes: string[] = [];
  const listener: Listener = {
    plan: () => undefined,
    step: (step) => void steps.push(step),
    warning: (finding) => void warnings.push(finding),
    note: (text) => {
      notes.push(text);
      if (text.startsWith('waiting for')) void onNote?.(text);
    },
  };
  const done = (): string[] => steps.filter(({ state }) => state === 'done').map(({ title }) => title);
  return { listener, steps, warnings, notes, done };
}
