import { parseEnvFile, type EnvVariable } from './env-syntax.js';

/** What makes Compose refuse an env file, and what to do about it. Nothing of the file itself is in these words. */
const words = {
  'open-quote': 'a value begins with a quote that is never closed. Close it, and write \\ before a quote inside of it.',
  'bad-name':
    'the name of a variable may have letters, digits and _ only. Write NAME=value, with quotes around a value of several lines.',
  'bad-reference': 'a ${…} is no reference to a variable. Write $$ for a dollar, or put the value into single quotes.',
  'no-value': 'a variable that is required here with ${…?} has no value. Set it, or put the value into single quotes.',
  unknown: 'Compose cannot read it. Look for quotes that are not closed, and for $ outside of single quotes.',
} as const;

/** Why Compose refuses an env file, without a word of what is in it. */
export interface EnvProblem {
  readonly kind: keyof typeof words;
  /** From 1; `null` where it is not known. */
  readonly line: number | null;
}

/** As a sentence that begins with the place: `.env, line 3: …`. */
export function describeEnvProblem(file: string, { kind, line }: EnvProblem): string {
  return `${file}${line === null ? '' : `, line ${line}`}: ${words[kind]}`;
}

/**
 * What is wrong with an env file that Compose has refused. Its own line is often not that of the mistake: of an open quote it
 * names the last line of the file.
 *
 * @param text what is in the file; `null` where it cannot be read.
 * @param said Compose's own words, which tell what kind of reference it could not resolve.
 */
export function envProblemOf(text: string | null, said: string): EnvProblem {
  const { variables, problem } = parseEnvFile(text ?? '');
  if (problem) return problem;
  const lineOf = (isWrong: (template: string) => boolean): number | null =>
    variables.find(({ template }) => template !== null && isWrong(template))?.line ?? null;
  if (said.includes('Invalid template')) return { kind: 'bad-reference', line: lineOf(hasBadReference) };
  const required = /required variable (\S+) is missing a value/.exec(said)?.[1];
  if (required === undefined) return { kind: 'unknown', line: null };
  return { kind: 'no-value', line: lineOf((template) => template.includes(`\${${required}`)) };
}

function hasBadReference(template: NonNullable<EnvVariable['template']>): boolean {
  return /\$\{(?![a-z_]\w*(?::?[-+?][^]*)?\})/i.test(template.replaceAll('$$', ''));
}
