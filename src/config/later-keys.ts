import type { KeyPath } from './yaml-source.js';

/**
 * Keys that later versions have. Whoever reads about one and writes it gets told so, instead of "unknown key".
 * A key leaves this list when it enters the schema.
 */
const laterKeys: Readonly<Record<string, string>> = {
  'postgres.migrate': 'the rehearsal of migrations on a copy of PostgreSQL',
};

/** Keys of `database` that look as if `postgres` had them too, and why it has not. */
const notOfPostgres: Readonly<Record<string, string>> = {
  restore: 'a failed deploy never puts PostgreSQL back by itself',
  rehearsal: 'there is no rehearsal on a copy of PostgreSQL',
  migrations: 'its rules are those of SQLite, and PostgreSQL keeps to others',
  migrationTable: 'the tables of the usual migration runners are found without it',
};

/** Why only SQLite has a key; `null` when it is no such key. */
export function notOf(path: KeyPath): string | null {
  const [section, key = '', ...rest] = path.slice(path[0] === 'environments' ? 2 : 0).map(String);
  return section === 'postgres' && rest.length === 0 && Object.hasOwn(notOfPostgres, key)
    ? (notOfPostgres[key] ?? null)
    : null;
}

/** What a key that is not in this version will do; `null` when it is no such key. */
export function laterKey(path: KeyPath): string | null {
  const key = path.join('.').replace(/^environments\.[^.]+\./, '');
  return Object.hasOwn(laterKeys, key) ? (laterKeys[key] ?? null) : null;
}
