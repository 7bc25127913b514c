import type { Activities } from '../model/activities.js';
import { failureOf } from './failures.js';

/** Steps that are being built; nothing starts them yet. */
export function laterSteps(): Pick<Activities, 'proveReplica'> {
  const missing = (name: string) => () => Promise.reject(failureOf('InvalidInput', `${name} is not in this version`));
  return { proveReplica: missing('proveReplica') };
}
