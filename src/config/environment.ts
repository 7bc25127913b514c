import { didYouMean } from './nearest.js';
import type { Problem } from './problems.js';
import type { YamlSource } from './yaml-source.js';

/** The environment of a file that names none. */
const implicit = 'production';

export type Choice =
  { readonly environment: string; readonly problem: null } | { readonly environment: null; readonly problem: Problem };

/** The environment that was asked for, or the only one there is. */
export function chooseEnvironment(source: YamlSource, asked: string | undefined): Choice {
  const names = environmentNames(source);
  const [only] = names;
  if (asked === undefined) {
    return names.length === 1 && only !== undefined ? chosen(only) : refused(source, mustChoose(names));
  }
  return names.includes(asked) ? chosen(asked) : refused(source, unknown(asked, names));
}

function environmentNames({ value }: YamlSource): string[] {
  const environments = (value as { environments?: unknown }).environments;
  const names = typeof environments === 'object' && environments !== null ? Object.keys(environments) : [];
  return names.length > 0 ? names : [implicit];
}

function chosen(environment: string): Choice {
  return { environment, problem: null };
}

type Words = Pick<Problem, 'message' | 'fix'>;

function refused(source: YamlSource, words: Words): Choice {
  return { environment: null, problem: { ...source.keyAt(['environments']), ...words } };
}

function mustChoose(names: readonly string[]): Words {
  return { message: `environments: there are ${names.length}`, fix: `choose one with -e: ${names.join(', ')}` };
}

function unknown(asked: string, names: readonly string[]): Words {
  return {
    message: `environments: there is no ${asked}`,
    fix: didYouMean(asked, names) ?? `choose one with -e: ${names.join(', ')}`,
  };
}
