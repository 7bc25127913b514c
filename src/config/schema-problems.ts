import type { z } from 'zod';
import { laterKey, notOf } from './later-keys.js';
import { didYouMean, nearest } from './nearest.js';
import type { Position, Problem } from './problems.js';
import { fileSchema, keysSchema } from './schema.js';
import { fieldsOf, literalsOf, mainOf, schemaAt } from './schema-walk.js';
import { valueWords, type ValueWords } from './value-types.js';
import type { KeyPath } from './yaml-source.js';

/** Where keys were written: in the file as it stands, or in one environment as it comes out. */
export interface KeyPlaces {
  /** As a person would say it: `environments.staging.health.path`. */
  nameOf(path: KeyPath): string;
  keyAt(path: KeyPath): Position;
  valueAt(path: KeyPath): Position;
  /** The value that stands there. */
  written(path: KeyPath): unknown;
  /** A value without quotes as the file has it: `.nan`, where it is NaN; `null` where it is none. */
  textAt(path: KeyPath): string | null;
}

type Issue = z.core.$ZodIssue;

/** What is wrong about the values, in words, each where it was written. */
export function schemaProblems(issues: readonly Issue[], places: KeyPlaces): Problem[] {
  return flatten(issues, []).flatMap((issue) => problemsOf(issue, places));
}

/** Of every path that an issue is about, what has to go so that the rest is sound. */
export function unsoundPaths(issues: readonly Issue[]): KeyPath[] {
  return flatten(issues, []).flatMap((issue) =>
    issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key] as KeyPath) : [pathOf(issue)],
  );
}

/** Replaces each failed union by what is wrong in the branch that was meant. */
function flatten(issues: readonly Issue[], prefix: KeyPath): Issue[] {
  return issues.flatMap((issue) => {
    const path = [...prefix, ...pathOf(issue)];
    const moved = { ...issue, path } as Issue;
    if (issue.code !== 'invalid_union') return [moved];
    const meant = issue.errors.find((branch) => !branch.some(rejectsWhole));
    return meant ? flatten(meant, path) : [moved];
  });
}

/** The branch of a union was not even of the right type. */
function rejectsWhole({ path, code }: Issue): boolean {
  return path.length === 0 && (code === 'invalid_type' || code === 'invalid_value');
}

function pathOf(issue: Issue): KeyPath {
  return issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step));
}

function problemsOf(issue: Issue, places: KeyPlaces): Problem[] {
  const path = pathOf(issue);
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey([...path, key], places));
  if (issue.code === 'invalid_key') return [wrongName(path, places)];
  return [places.written(path) === undefined ? missing(path, places) : wrongValue(path, places)];
}

function unknownKey(path: KeyPath, places: KeyPlaces): Problem {
  const at = places.keyAt(path);
  const name = places.nameOf(path);
  const later = laterKey(name.split('.'));
  if (later) return { ...at, message: `${name}: not in this version yet (${later})`, fix: 'remove it' };
  const why = notOf(path);
  if (why) return { ...at, message: `${name}: only SQLite has it (${why})`, fix: 'remove it' };
  const key = String(path.at(-1));
  const parent = path.slice(0, -1);
  const known = Object.keys(fieldsOf(schemaAt(fileSchema, parent) ?? fileSchema) ?? {});
  const owners = sectionsWith(key);
  const fix =
    didYouMean(key, known) ??
    (owners.length > 0 ? `${key} belongs under ${owners.join(' or ')}` : `the keys here are ${known.join(', ')}`);
  return { ...at, message: `${name}: unknown key`, fix };
}

/** Sections that have a key: a key one level too high or in the wrong section is a common slip of indentation. */
function sectionsWith(key: string): string[] {
  return Object.entries(keysSchema.shape)
    .filter(([, schema]) => Object.hasOwn(fieldsOf(schema) ?? {}, key))
    .map(([section]) => section);
}

function wrongName(path: KeyPath, places: KeyPlaces): Problem {
  const message = `${places.nameOf(path)}: expected an environment name, found ${describe(path.at(-1))}`;
  return { ...places.keyAt(path), message, fix: 'use lower-case letters, digits and -, as in production' };
}

function missing(path: KeyPath, places: KeyPlaces): Problem {
  const key = String(path.at(-1));
  const { example } = wordsAt(path);
  return { ...places.keyAt(path), message: `${places.nameOf(path)}: missing`, fix: `add ${key}: ${example}` };
}

const unitless = { s: 'durations need a unit', '%': 'a share needs its sign' } as const;

function wrongValue(path: KeyPath, places: KeyPlaces): Problem {
  const value = places.written(path);
  const bare = bareText(value, path, places);
  const words = wordsAt(path);
  const at = places.valueAt(path);
  if (words.unit && /^\d+(\.\d+)?$/.test(String(value))) {
    const message = `${places.nameOf(path)}: ${unitless[words.unit]}`;
    return { ...at, message, fix: `write ${String(value)}${words.unit}` };
  }
  const message = `${places.nameOf(path)}: expected ${words.expected}, found ${bare ?? describe(value)}`;
  return { ...at, message, fix: fixFor(value, { path, bare }) };
}

/** A number or a flag as the file has it: what YAML reads as NaN was written `.nan`. `null` for anything else. */
function bareText(value: unknown, path: KeyPath, places: KeyPlaces): string | null {
  if (typeof value !== 'number' && typeof value !== 'boolean') return null;
  return places.textAt(path) ?? String(value);
}

function fixFor(value: unknown, { path, bare }: { readonly path: KeyPath; readonly bare: string | null }): string {
  const schema = schemaAt(fileSchema, path) as z.ZodType | null;
  if (bare !== null && schema?.safeParse(bare).success) return `put it in quotes: "${bare}"`;
  if (typeof value === 'string') {
    if (/^\d+$/.test(value) && schema?.safeParse(Number(value)).success) return `write ${value} without quotes`;
    const near = schema ? nearest(value, choicesOf(schema)) : null;
    if (near !== null) return `did you mean ${near}?`;
  }
  if (value === null && schema && fieldsOf(schema)) return 'remove the key, or indent what belongs to it below it';
  return `write it like ${wordsAt(path).example}`;
}

function choicesOf(schema: z.core.$ZodType): string[] {
  const main = mainOf(schema);
  const choices: unknown[] = 'options' in main && Array.isArray(main.options) ? main.options : [];
  return [...choices, ...literalsOf(schema)].filter((choice) => typeof choice === 'string');
}

function wordsAt(path: KeyPath): ValueWords {
  const schema = schemaAt(fileSchema, path);
  const words = schema && (valueWords.get(mainOf(schema)) ?? valueWords.get(schema));
  return words ?? { expected: 'a map', example: '{}' };
}

/** What somebody wrote that is no number and no flag, in words, cut where it is long. */
function describe(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  if (typeof value !== 'string') return `a ${typeof value}`;
  return `the text ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)}`;
}
