import { beforeEach } from 'vitest';
import { newTranscript, transcript } from './transcript.js';

declare module 'vitest' {
  interface TaskMeta {
    /** What a failed test ran, what that printed and how it ended; the end of a run tells the last of it again. */
    commands?: string;
  }
}

// For end-to-end tests: one that fails shows which commands it ran, what they printed and how each ended.
beforeEach(({ onTestFailed, task }) => {
  newTranscript();
  onTestFailed(() => {
    const told = transcript();
    if (!told) return;
    task.meta.commands = told;
    process.stderr.write(`\nWhat "${task.name}" ran:\n${told}\n`);
  });
});
