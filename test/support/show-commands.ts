import { beforeEach } from 'vitest';
import { newTranscript, transcript } from './transcript.js';

// For end-to-end tests: one that fails shows which commands it ran, what they printed and how each ended.
beforeEach(({ onTestFailed, task }) => {
  newTranscript();
  onTestFailed(() => {
    const told = transcript();
    if (told) process.stderr.write(`\nWhat "${task.name}" ran:\n${told}\n`);
  });
});
