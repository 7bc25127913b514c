import { z } from 'zod';
import { fileSchema } from './schema.js';

/** The JSON Schema of `pointsman.yml`, for editors: what is right is completed, what is wrong is underlined. */
export function jsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(fileSchema, { io: 'input', override: ({ jsonSchema: node }) => tidy(node) });
  return { ...schema, title: 'pointsman.yml' };
}

/** A section's default says nothing that its keys do not say; a union's description is that of its main part. */
function tidy(node: z.core.JSONSchema.BaseSchema): void {
  if (JSON.stringify(node.default) === '{}') delete node.default;
  const main = node.anyOf?.at(-1);
  if (node.description === undefined && main?.description !== undefined) {
    node.description = main.description;
    delete main.description;
  }
}
