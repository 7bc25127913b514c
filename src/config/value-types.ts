import { z } from 'zod';
import { durationPattern, formatDuration, parseDuration } from './duration.js';

/** How a value is spoken of, in messages and in the reference. */
export interface ValueWords {
  /** Follows "expected": `a port from 1 to 65535`. */
  readonly expected: string;
  /** How to write it in YAML. */
  readonly example: string;
  /** What holds where the key is absent, when that is no fixed value. */
  readonly otherwise?: string;
  /** What a bare number lacks: a duration its unit, a share its sign. */
  readonly unit?: 's' | '%';
}

/** Kept apart from zod's own metadata, which goes into the JSON Schema. */
export const valueWords = z.registry<ValueWords>();

interface TextWords extends ValueWords {
  readonly about: string;
  readonly pattern: RegExp;
}

/** Text of one shape. */
export function text({ about, pattern, ...words }: TextWords): z.ZodString {
  return z.string().regex(pattern).meta({ description: about }).register(valueWords, words);
}

interface NumberWords {
  readonly about: string;
  readonly min: number;
  readonly max: number;
  readonly example: number;
  readonly otherwise?: string;
}

/** A whole number within limits. */
export function wholeNumber({ about, min, max, example, otherwise }: NumberWords): z.ZodInt {
  const expected = `a whole number from ${min} to ${max}`;
  const words = { expected, example: String(example), ...(otherwise === undefined ? {} : { otherwise }) };
  return z.int().min(min).max(max).meta({ description: about }).register(valueWords, words);
}

/** How many times as much: a number, and not always a whole one. */
export function factor({ about, max, example }: Omit<NumberWords, 'min' | 'otherwise'>): z.ZodNumber {
  const words = { expected: `a number from 1 to ${max}`, example: String(example) };
  return z.number().min(1).max(max).meta({ description: about }).register(valueWords, words);
}

/** A share with its sign; a number of percent once parsed. */
export function percent(about: string, example: string) {
  return z
    .string()
    .regex(/^\d{1,3}(\.\d{1,2})?%$/)
    .meta({ description: about })
    .register(valueWords, { expected: 'a share from 0% to 100%', example, unit: '%' })
    .transform((text) => Number(text.slice(0, -1)))
    .pipe(z.number().max(100));
}

/** A port of a service inside its container. */
export function port(about: string, example: number, otherwise?: string): z.ZodInt {
  return wholeNumber({ about, min: 1, max: 65_535, example, ...(otherwise === undefined ? {} : { otherwise }) });
}

/** `true` or `false`. */
export function flag(about: string): z.ZodBoolean {
  return z.boolean().meta({ description: about }).register(valueWords, { expected: 'true or false', example: 'true' });
}

/** One of a few words. */
export function oneOf<const T extends readonly [string, ...string[]]>(about: string, choices: T) {
  const words = { expected: `one of ${choices.join(', ')}`, example: choices[0] };
  return z.enum(choices).meta({ description: about }).register(valueWords, words);
}

interface DurationWords {
  readonly about: string;
  readonly minMs: number;
  readonly maxMs: number;
  readonly example: string;
  readonly otherwise?: string;
}

/** A time with its unit; milliseconds once parsed. */
export function duration({ about, minMs, maxMs, ...words }: DurationWords) {
  const expected = `a duration from ${formatDuration(minMs)} to ${formatDuration(maxMs)}`;
  return z
    .string()
    .regex(durationPattern)
    .meta({ description: about })
    .register(valueWords, { ...words, expected, unit: 's' })
    .transform(parseDuration)
    .pipe(z.number().min(minMs).max(maxMs));
}

/** Something that `false` turns off, also in an environment where the rest of the file turns it on; then `null`. */
export function orOff<S extends z.ZodType>(schema: S) {
  return z.union([z.literal(false), schema]).transform((value) => (value === false ? null : value));
}

/** A part of the file: a map in which every key is known. */
export function section<S extends z.ZodRawShape>(about: string, shape: S) {
  const words = { expected: 'a map', example: `{ ${Object.keys(shape).join(', ')} }` };
  return z.strictObject(shape).meta({ description: about }).register(valueWords, words);
}

/** Like `orOff`, and `true` takes every default. */
export function onOrOff<S extends z.ZodType>(schema: S) {
  return z
    .union([z.literal(false), z.literal(true), schema])
    .transform((value) => (value === false ? null : value === true ? schema.parse({}) : (value as z.output<S>)));
}

interface ListWords<S extends z.ZodType> extends ValueWords {
  readonly about: string;
  readonly item: S;
}

/** A list of values of one kind. */
export function listOf<S extends z.ZodType>({ about, item, ...words }: ListWords<S>): z.ZodArray<S> {
  return z.array(item).meta({ description: about }).register(valueWords, words);
}
