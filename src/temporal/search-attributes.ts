import type { Client } from '@temporalio/client';
import { environmentKey, outcomeKey, projectKey, releaseKey } from '../workflows/search-attributes.js';

export const searchAttributeNames = [projectKey, environmentKey, releaseKey, outcomeKey].map(({ name }) => name);

/** Temporal's `INDEXED_VALUE_TYPE_KEYWORD`. */
const keyword = 2;

/** Registers the keywords that deploys are found by; a namespace that has them is left as it is. */
export async function ensureSearchAttributes({ connection, options }: Client): Promise<void> {
  const { namespace } = options;
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = searchAttributeNames.filter((name) => !(name in (customAttributes ?? {})));
  if (missing.length === 0) return;
  const searchAttributes = Object.fromEntries(missing.map((name) => [name, keyword]));
  await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
}
