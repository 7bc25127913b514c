import { workflowId } from '../../model/names.js';
import type { ExitCode } from '../exit-codes.js';
import { follow } from '../follow.js';
import type { PlaceOptions, Session } from '../session.js';
import { settledSettings } from '../ship.js';
import { startOrFollow } from '../start.js';

export interface MaintenanceOptions extends PlaceOptions {
  readonly reason?: string;
  readonly json?: boolean;
}

/** Lets the router answer everything with 503 and Retry-After, or serve the app again, and follows that. */
export async function maintenanceCommand(
  session: Session,
  state: 'on' | 'off',
  { json = false, reason, ...place }: MaintenanceOptions,
): Promise<ExitCode> {
  const settings = await settledSettings(session, await session.settings(place));
  const client = await session.client();
  const { requestedBy } = session.environment;
  const input = { settings, on: state === 'on', requestedBy, reason: reason ?? null };
  const handle = await startOrFollow(session, client, { kind: 'maintenance', input });
  if (!json) session.output.print(`maintenance ${state} · ${workflowId(settings)}`);
  return follow(session, handle, { json });
}
