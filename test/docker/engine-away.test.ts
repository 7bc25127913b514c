import { expect, test } from 'vitest';
import { whyEngineIsAway } from '../../src/docker/engine-away.js';
import { EngineWentAwayError } from '../../src/docker/engine-watch.js';

const refused = (code: string) =>
  Object.assign(new Error('no'), { syscall: 'connect', address: '/run/docker.sock', code });

test('an engine that is away is told in words, with what to do', () => {
  expect(whyEngineIsAway(refused('ECONNREFUSED'))).toBe(
    'Docker does not answer at /run/docker.sock: nobody listens there. Start Docker Engine (systemctl start docker); a deploy that runs waits for it.',
  );
  expect(whyEngineIsAway(new EngineWentAwayError('Docker went away while the checks were made'))).toBe(
    'Docker went away while the checks were made. Ask again once it runs.',
  );
});

test('an error of anything else is not taken for it', () => {
  expect(whyEngineIsAway(Object.assign(refused('ECONNREFUSED'), { address: '127.0.0.1' }))).toBeNull();
  expect(whyEngineIsAway(new Error('the engine is confused'))).toBeNull();
});
