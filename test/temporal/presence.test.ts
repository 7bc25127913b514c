import { expect, onTestFinished, test } from 'vitest';
import { announce, whoIsUp } from '../../src/temporal/presence.js';

let count = 0;
/** A state directory that no other test has; nothing is written into it. */
const freshState = (): string => `/presence-test/${process.pid}/${(count += 1)}`;

test('nobody is up on a fresh state directory', async () => {
  expect(await whoIsUp(freshState())).toBeNull();
});

test('who is up tells its pid, and whether its worker takes tasks yet', async () => {
  const state = freshState();
  let ready = false;
  const server = await announce(state, () => ({ pid: 42, ready }));
  onTestFinished(() => void server?.close());
  expect(await whoIsUp(state)).toEqual({ pid: 42, ready: false });
  ready = true;
  expect(await whoIsUp(state)).toEqual({ pid: 42, ready: true });
});

test('of two that come up at once on one state directory, one has the place', async () => {
  const state = freshState();
  const answers = await Promise.all([1, 2].map((pid) => announce(state, () => ({ pid, ready: true }))));
  onTestFinished(() => answers.forEach((server) => server?.close()));
  expect(answers.filter((server) => server !== null)).toHaveLength(1);
});

test('the place is free again when its holder has ended', async () => {
  const state = freshState();
  const first = await announce(state, () => ({ pid: 1, ready: true }));
  await new Promise((resolve) => first?.close(resolve));
  expect(await whoIsUp(state)).toBeNull();
  const second = await announce(state, () => ({ pid: 2, ready: true }));
  onTestFinished(() => void second?.close());
  expect(await whoIsUp(state)).toEqual({ pid: 2, ready: true });
});
