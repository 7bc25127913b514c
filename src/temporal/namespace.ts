import Long from 'long';
import { connectClient } from './connection.js';
import type { EmbeddedPlace } from './place.js';
import { ensureSearchAttributes } from './search-attributes.js';

/** The dev server forgets after a day; people look at a deploy weeks later. */
const retention = { seconds: Long.fromNumber(30 * 24 * 3600), nanos: 0 };

/**
 * Makes the namespace of the embedded server what this version needs. What its command line says of search attributes counts only
 * when the namespace is made, and one that an earlier version has made may have fewer.
 */
export async function prepareNamespace(place: EmbeddedPlace): Promise<void> {
  const client = await connectClient(place);
  const { connection, options } = client;
  try {
    await connection.workflowService.updateNamespace({
      namespace: options.namespace,
      config: { workflowExecutionRetentionTtl: retention },
    });
    await ensureSearchAttributes(client);
  } finally {
    await connection.close();
  }
}
