import { z } from 'zod';
import type { KeyPath } from './yaml-source.js';
import { fileSchema } from './schema.js';

/** The part of JSON Schema that the schema of `pointsman.yml` uses: what messages and docs are written from. */
export interface SchemaNode {
  type?: string;
  description?: string;
  default?: unknown;
  examples?: unknown[];
  enum?: unknown[];
  pattern?: string;
  properties?: Record<string, SchemaNode>;
  required?: string[];
  additionalProperties?: SchemaNode | false;
  items?: SchemaNode;
  anyOf?: SchemaNode[];
}

export const rootNode = z.toJSONSchema(fileSchema, { io: 'input' }) as SchemaNode;

/** What the schema says about a key; `null` for one that it does not know. */
export function schemaNodeAt(path: KeyPath): SchemaNode | null {
  let node: SchemaNode | null = rootNode;
  for (const key of path) node = childOf(withoutNull(node), key);
  return node;
}

/** The node itself, or for a value that may be null what else it may be. */
export function withoutNull(node: SchemaNode | null): SchemaNode | null {
  const others = node?.anyOf?.filter(({ type }) => type !== 'null');
  return others?.length === 1 ? { ...node, ...others[0] } : node;
}

/** Keys that a map may hold. */
export function knownKeys(path: KeyPath): string[] {
  return Object.keys(withoutNull(schemaNodeAt(path))?.properties ?? {});
}

function childOf(node: SchemaNode | null, key: string | number): SchemaNode | null {
  if (typeof key === 'number') return node?.items ?? null;
  return node?.properties?.[key] ?? (node?.additionalProperties || null);
}
