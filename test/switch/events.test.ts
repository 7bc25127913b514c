import { expect, test } from 'vitest';
import { Stream } from '../../bench/switch/clients/events.js';

function read(...lines: readonly string[]): Stream {
  const stream = new Stream();
  for (const line of lines) stream.line(line);
  return stream;
}

const all = Array.from({ length: 25 }, (_, at) => `id: ${at + 1}`);

test('a stream with every number and its last word is as it should be', () => {
  expect(read(...all, 'event: end').end()).toBeNull();
});

test('a number that is left out is told, though the stream comes to its end', () => {
  const gap = all.filter((line) => line !== 'id: 7');
  expect(read(...gap, 'event: end').end()).toEqual({ outcome: 'wrong', detail: 'event 8 instead of 7' });
});

test.each([
  ['in the middle', all.slice(0, 9), 'the stream ended after event 9 of 25'],
  ['without its last word', all, 'the stream ended after event 25 of 25'],
])('a stream that ends %s was broken off', (_when, lines, detail) => {
  expect(read(...lines).end()).toEqual({ outcome: 'reset', detail });
});

test('an app that stops says so in the stream: that is no failure', () => {
  expect(read(...all.slice(0, 3), 'event: bye').end()).toMatchObject({ outcome: 'told to go' });
});
