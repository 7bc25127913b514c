import { randomUUID } from 'node:crypto';
import type { StartSigned } from '../model/signed.js';

/** What a request for a run says for itself; the client signs it. */
export function startSigned(kind: StartSigned['for'], workflowType: string, workflowId: string): StartSigned {
  return { for: kind, id: randomUUID(), at: Date.now(), workflowType, workflowId };
}
