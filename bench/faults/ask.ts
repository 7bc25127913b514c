import { request } from 'node:http';
import { slots, type Slot } from '../../src/model/slot.js';

export interface Answer {
  readonly status: number;
  /** Which slot the router says it serves; the app itself, where the router's config is its user's. */
  readonly slot: Slot;
  /** Which release the app itself says it is. */
  readonly release: string | null;
}

/** What a user of the app gets now; `null`: nothing that came from a slot. */
export function ask(port: number): Promise<Answer | null> {
  return new Promise((resolve) => {
    const sent = request({ host: '127.0.0.1', port, path: '/api/count', agent: false, timeout: 2000 }, (response) => {
      const { statusCode: status = 0, headers } = response;
      const said = headers['x-pointsman-slot'] ?? headers['x-slot'];
      const slot = slots.find((name) => name === said);
      const release = headers['x-release'];
      response.resume();
      response.once('error', () => resolve(null));
      response.once('end', () => resolve(slot ? { status, slot, release: release ? String(release) : null } : null));
    });
    sent.once('timeout', () => sent.destroy());
    sent.once('error', () => resolve(null));
    sent.end();
  });
}
