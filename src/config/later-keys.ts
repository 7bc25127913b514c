import type { KeyPath } from './yaml-source.js';

/**
 * Keys that later versions have. Whoever reads about one and writes it gets told so, instead of "unknown key".
 * A key leaves this list when it enters the schema.
 */
const laterKeys: Readonly<Record<string, string>> = {
  bake: 'the watch after the switch',
  approval: 'waiting for a person before the switch',
  canary: 'switching by weights',
  'postgres.migrate': 'the rehearsal of migrations on a copy of PostgreSQL',
};

/** What a key that is not in this version will do; `null` when it is no such key. */
export function laterKey(path: KeyPath): string | null {
  const key = path.join('.').replace(/^environments\.[^.]+\./, '');
  return Object.hasOwn(laterKeys, key) ? (laterKeys[key] ?? null) : null;
}
