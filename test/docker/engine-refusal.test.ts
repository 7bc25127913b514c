import { expect, test } from 'vitest';
import { toFailure } from '../../src/activities/failures.js';
import { removeImages } from '../../src/docker/image.js';
import { whyEngineRefused } from '../../src/docker/engine-refusal.js';
import type Docker from 'dockerode';

/** As dockerode throws it. */
const answered = (statusCode: number, reason: string, message: string) =>
  Object.assign(new Error(`(HTTP code ${statusCode}) ${reason} - ${message} `), {
    statusCode,
    reason,
    json: { message },
  });

test.each([
  [404, 'no such container', 'No such container: 4f1c', 'a container is not there any more'],
  [409, 'unexpected', 'Container 4f1c is not running', 'a container does not run'],
  [409, 'unexpected', 'Container 4f1c is restarting, wait until the container is running', 'a container does not run'],
  [
    409,
    'conflict',
    'conflict: unable to delete 12ab (must be forced) - image is being used by stopped container 4f',
    'an image is still in use',
  ],
  [
    500,
    'server error',
    'write /var/lib/docker/x: no space left on device',
    'the disk is full: free some space (docker system df)',
  ],
  [500, 'server error', 'the storage driver is confused', 'it says "the storage driver is confused"'],
])('what the engine refuses with %d (%s) is said in our words', (code, reason, message, said) => {
  const error = answered(code, reason, message);
  expect(whyEngineRefused(error)).toBe(`Docker could not do it: ${said}`);
  expect(toFailure(error)).toMatchObject({ type: 'CommandFailed', message: `Docker could not do it: ${said}` });
});

test('an error of anything else is not taken for an answer of the engine', () => {
  expect(whyEngineRefused(new Error('no'))).toBeNull();
});

test('an image that is in use by then, or gone, is kept without a word', async () => {
  const ends: Record<string, Error | null> = {
    used: answered(409, 'conflict', 'image is being used'),
    gone: answered(404, 'no such image', 'No such image: gone'),
    old: null,
  };
  const docker = {
    listContainers: async () => [],
    getImage: (name: string) => ({
      inspect: async () => ({ Id: name }),
      remove: async () => {
        const error = ends[name];
        if (error) throw error;
      },
    }),
  } as unknown as Docker;
  expect(await removeImages(docker, Object.keys(ends))).toEqual(['old']);
  ends['old'] = answered(500, 'server error', 'the storage driver is confused');
  await expect(removeImages(docker, ['old'])).rejects.toThrow('the storage driver is confused');
});
