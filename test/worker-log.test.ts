import { expect, test } from 'vitest';
import { workerLogger } from '../src/worker-log.js';
import { attacks } from './support/attacks.js';
import { randomStrings, whatActs } from './support/harmless.js';

/** What the worker writes about an event that holds a text, and the event as a program reads it. */
function logged(text: string): { readonly line: string; readonly event: Record<string, unknown> } {
  const lines: string[] = [];
  const logger = workerLogger({ write: (line) => void lines.push(line) });
  logger.warn({ release: text, err: new Error(text) }, text);
  const line = lines.join('');
  return { line, event: JSON.parse(line) as Record<string, unknown> };
}

test.each(attacks)('the log of the worker tells of a text that %s in one harmless line', (_, text) => {
  const { line, event } = logged(text);
  expect(whatActs(line)).toEqual([]);
  expect(line.indexOf('\n')).toBe(line.length - 1);
  expect(event).toMatchObject({ release: text, msg: text, err: { message: text } });
});

test('the log of the worker is harmless whatever it tells of', () => {
  const wrong = randomStrings(5000).filter((text) => {
    const { line, event } = logged(text);
    return event['msg'] !== text || whatActs(line).length > 0;
  });
  expect(wrong).toEqual([]);
});
