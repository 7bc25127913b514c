import type { Activities } from '../model/activities.js';
import { failureOf } from './failures.js';

type Later = 'rehearseMigration' | 'holdWrites' | 'releaseWrites';

/** Steps that are being built; nothing starts them yet. */
export function laterSteps(): Pick<Activities, Later> {
  const missing = (name: string) => () => Promise.reject(failureOf('InvalidInput', `${name} is not in this version`));
  return {
    rehearseMigration: missing('rehearseMigration'),
    holdWrites: missing('holdWrites'),
    releaseWrites: missing('releaseWrites'),
  };
}
