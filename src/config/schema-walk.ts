import { z } from 'zod';
import type { KeyPath } from './yaml-source.js';

/** A schema without what only fills in or converts: defaults, options, pipes. */
export function innerOf(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) {
    return innerOf(schema.def.innerType);
  }
  return schema instanceof z.ZodPipe ? innerOf(schema.def.in) : schema;
}

/** The schema that says most about a value: of a union with `false`, the other side. */
export function mainOf(schema: z.core.$ZodType): z.core.$ZodType {
  const inner = innerOf(schema);
  const options = inner instanceof z.ZodUnion ? inner.def.options.map(innerOf) : [];
  return options.length > 0 && options.some((option) => option instanceof z.ZodLiteral)
    ? (options.at(-1) ?? inner)
    : inner;
}

/** The words that may stand for a whole section. */
export function literalsOf(schema: z.core.$ZodType): unknown[] {
  const inner = innerOf(schema);
  const options = inner instanceof z.ZodUnion ? inner.def.options.map(innerOf) : [];
  return options.flatMap((option) => (option instanceof z.ZodLiteral ? [...option.def.values] : []));
}

/** The keys of a section; `null` for a plain value. */
export function fieldsOf(schema: z.core.$ZodType): Readonly<Record<string, z.core.$ZodType>> | null {
  const main = mainOf(schema);
  return main instanceof z.ZodObject ? main.shape : null;
}

/** What belongs at a path; `null` where nothing does. */
export function schemaAt(root: z.core.$ZodType, path: KeyPath): z.core.$ZodType | null {
  let schema: z.core.$ZodType | undefined = root;
  for (const step of path) {
    const main = mainOf(schema);
    if (main instanceof z.ZodRecord) schema = main.def.valueType;
    else if (main instanceof z.ZodArray) schema = main.def.element;
    else schema = (typeof step === 'number' ? itemOfUnion(innerOf(schema)) : null) ?? ownField(main, step);
    if (!schema) return null;
  }
  return schema;
}

/** `compose` is a path or a list of paths: a numbered step into it is a step into the list. */
function itemOfUnion(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  const options = schema instanceof z.ZodUnion ? schema.def.options : [];
  const list = options.find((option) => option instanceof z.ZodArray);
  return list?.def.element;
}

function ownField(schema: z.core.$ZodType, step: string | number): z.core.$ZodType | undefined {
  const fields = fieldsOf(schema) ?? {};
  return Object.hasOwn(fields, step) ? fields[step] : undefined;
}

/** The same keys, every one optional and without its default: what may stand in an environment. */
export function overridesOf(schema: z.core.$ZodType): z.ZodType {
  const fields = fieldsOf(schema);
  if (!fields) return z.optional(withoutDefault(schema));
  const section = z.strictObject(Object.fromEntries(Object.entries(fields).map(([key, s]) => [key, overridesOf(s)])));
  const { description } = z.globalRegistry.get(mainOf(schema)) ?? {};
  const described = description ? section.meta({ description }) : section;
  const inner = innerOf(schema);
  const short = inner instanceof z.ZodUnion ? inner.def.options.filter((option) => fieldsOf(option) === null) : [];
  return z.optional(short.length > 0 ? z.union([...short, described]) : described);
}

function withoutDefault(schema: z.core.$ZodType): z.core.$ZodType {
  return schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional
    ? withoutDefault(schema.def.innerType)
    : schema;
}
