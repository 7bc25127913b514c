import type { Draft } from './draft.js';
import type { FindingRule } from './finding-rule.js';

/** Whose service each name is already, as it is written in the file. */
function takenBy({ keys }: Draft, at: number): Map<string, string> {
  const { router, slots, replica, postgres } = keys;
  const others = router.others
    .slice(0, at)
    .map(({ service }, before) => [service, `router.others[${before}]`] as const);
  return new Map([
    ...others,
    ...(replica ? [[replica.service, 'replica'] as const] : []),
    ...(postgres ? [[postgres.service, 'postgres'] as const] : []),
    [slots.blue, 'slots.blue'] as const,
    [slots.green, 'slots.green'] as const,
    [router.service, 'router'] as const,
  ]);
}

/** One container would be switched twice, or be stopped as a slot. */
const routersDiffer: FindingRule = {
  reads: [['router'], ['slots'], ['replica'], ['postgres']],
  find: (draft) =>
    draft.keys.router.others.flatMap(({ service }, at) => {
      const owner = takenBy(draft, at).get(service);
      if (owner === undefined) return [];
      const message = `${service} is the service of ${owner} already`;
      return [{ path: ['router', 'others', at, 'service'], message, fix: 'name a service of its own for each router' }];
    }),
};

/** What must hold of several routers. */
export const routerRules: readonly FindingRule[] = [routersDiffer];
