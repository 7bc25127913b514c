import type { World } from '../world.js';

/** What a variable of `replica.requireEnv` is for, told from the end of its name. */
export type Role = 'endpoint' | 'bucket' | 'keyId' | 'secret' | 'region';

const endings: Readonly<Record<Role, RegExp>> = {
  endpoint: /_ENDPOINT$/,
  bucket: /_BUCKET$/,
  keyId: /_ACCESS_KEY_ID$/,
  secret: /_SECRET_ACCESS_KEY$/,
  region: /_REGION$/,
};

export interface Variable {
  readonly name: string;
  /** Never shown: a secret may have been put into the wrong variable. */
  readonly value: string;
}

/** Variables of one role that have a value. Only what the replica requires: the app may have buckets of its own. */
export function variablesFor({ settings, variables }: World, role: Role): Variable[] {
  return (settings.replica?.requireEnv ?? [])
    .filter((name) => endings[role].test(name))
    .map((name) => ({ name, value: variables.get(name) ?? '' }))
    .filter(({ value }) => value !== '');
}

/** The one variable of a role; `null` where there is none, or more than one. */
export function variableFor(world: World, role: Role): Variable | null {
  const [only, ...others] = variablesFor(world, role);
  return only && others.length === 0 ? only : null;
}
