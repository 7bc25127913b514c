import type { KeyPath } from './yaml-source.js';

/**
 * Keys that later versions have. Whoever reads about one and writes it gets told so, instead of "unknown key".
 * A key leaves this list when it enters the schema.
 */
const laterKeys: Readonly<Record<string, string>> = {
  bake: 'the watch after the switch',
  approval: 'waiting for a person before the switch',
  canary: 'switching by weights',
  'database.migrate': 'the rehearsal of migrations',
  'database.holdWrites': 'refusing writes while the database is migrated',
  'environments.*.hosts': 'deploys to other machines',
};

/** What a key that is not in this version will do; `null` when it is no such key. */
export function laterKey(path: KeyPath): string | null {
  const name = path.join('.').replace(/^environments\.[^.]+\./, '');
  const key = path[0] === 'environments' && name === 'hosts' ? 'environments.*.hosts' : name;
  return Object.hasOwn(laterKeys, key) ? (laterKeys[key] ?? null) : null;
}
