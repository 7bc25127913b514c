import { describe, expect, test } from 'vitest';
import type { StepArgs } from '../../src/model/activities.js';
import { atOnce, inTurn, placedThenLoaded } from '../../src/activities/each-router.js';
import { RouterConfigError } from '../../src/router/nginx.js';
import { settings as usual } from '../support/settings.js';

const internal = { ...usual.router, service: 'router-internal', port: 5001 };
const args: StepArgs = { settings: { ...usual, otherRouters: [internal] } };

/** Notes which router is worked at, and fails at those that it is told. */
function worker(word: string, seen: string[], ...failing: string[]) {
  return ({ settings: { router } }: StepArgs): Promise<string> => {
    seen.push(`${word} ${router.service}`);
    return failing.includes(router.service)
      ? Promise.reject(new RouterConfigError('unknown directive'))
      : Promise.resolve(router.service);
  };
}

describe('what is done at several routers', () => {
  test('in turn begins with the primary, and stops where one fails, which is named', async () => {
    const seen: string[] = [];
    expect(await inTurn(args, worker('asked', seen))).toEqual(['router', 'router-internal']);
    await expect(inTurn(args, worker('written', seen, 'router'))).rejects.toMatchObject({
      type: 'RouterConfigInvalid',
      message: 'router: nginx refuses the config: unknown directive',
    });
    expect(seen).toEqual(['asked router', 'asked router-internal', 'written router']);
  });

  test('at once is done at the others too where one fails', async () => {
    const seen: string[] = [];
    await expect(atOnce(args, worker('loaded', seen, 'router'))).rejects.toThrow('router: nginx refuses');
    expect(seen).toEqual(['loaded router', 'loaded router-internal']);
  });

  test('loads nothing anywhere where one of them refuses what is put there', async () => {
    const seen: string[] = [];
    const [place, load] = [worker('placed', seen, 'router-internal'), worker('loaded', seen)];
    await expect(placedThenLoaded(args, place, load)).rejects.toThrow('router-internal: nginx refuses');
    expect(seen).toEqual(['placed router', 'placed router-internal']);
  });
});

test('where there is one router, it is not named in its failures', async () => {
  const failing = worker('written', [], 'router');
  await expect(inTurn({ settings: usual }, failing)).rejects.toThrow(new RouterConfigError('unknown directive'));
});
