import type { Draft } from './draft.js';
import type { Finding, FindingRule } from './finding-rule.js';

type HoldKeys = NonNullable<NonNullable<Draft['keys']['database']>['holdWrites']>;

/** What a write hold must be, so that writes are held and reads are not. It means the same for each engine. */
export const holdRules: readonly FindingRule[] = (['database', 'postgres'] as const).map((section) => ({
  reads: [[section, 'holdWrites']],
  find: (draft) => {
    const hold = draft.keys[section]?.holdWrites;
    const found = hold
      ? [...readingMethods(hold), ...nothingHeld(hold), ...unaskedPaths(hold), ...exceptions(hold)]
      : [];
    return found.map(({ path, ...words }) => ({ path: [section, 'holdWrites', ...path], ...words }));
  },
}));

function readingMethods({ methods }: HoldKeys): Finding[] {
  return methods.flatMap((method, at) => {
    if (method !== 'GET' && method !== 'HEAD') return [];
    const message = `${method} is how users read: nobody would be served while a release is started`;
    return [{ path: ['methods', at], message, fix: 'name the paths that write under holdWrites.paths' }];
  });
}

function nothingHeld({ methods, paths }: HoldKeys): Finding[] {
  if (methods.length > 0 || paths.length > 0) return [];
  const message = 'neither a method nor a path is held';
  return [{ path: ['methods'], message, fix: 'remove the key for POST, PUT, PATCH and DELETE' }];
}

/** nginx compares with the path as it has tidied it up. */
function unaskedPaths(hold: HoldKeys): Finding[] {
  return (['paths', 'except'] as const).flatMap((list) =>
    hold[list].flatMap((path, at) => {
      if (!/\/\/|\/\.{1,2}(\/|$)/.test(path)) return [];
      const message = `${path} is no beginning of any path: nginx resolves //, /./ and /../ before it compares`;
      return [{ path: [list, at], message, fix: 'write the path that is meant' }];
    }),
  );
}

function exceptions({ paths, except }: HoldKeys): Finding[] {
  const everything = except.flatMap((path, at) => {
    if (path !== '/') return [];
    const message = 'every path begins with /, so no write would be held';
    return [{ path: ['except', at], message, fix: 'name the paths that never write' }];
  });
  const hidden = paths.flatMap((path, at) => {
    const wider = except.find((free) => free !== '/' && path.startsWith(free));
    if (wider === undefined) return [];
    const message = `${path} would never be held, since holdWrites.except has ${wider}`;
    return [{ path: ['paths', at], message, fix: 'remove one of the two' }];
  });
  return [...everything, ...hidden];
}
