import type { ExitCode } from '../exit-codes.js';
import { follow } from '../follow.js';
import type { PlaceOptions, Session } from '../session.js';
import { settledSettings } from '../ship.js';
import { startOrFollow } from '../start.js';

export interface RollbackOptions extends PlaceOptions {
  readonly to?: string;
  readonly reason?: string;
  readonly json?: boolean;
}

export async function rollbackCommand(session: Session, options: RollbackOptions): Promise<ExitCode> {
  const settings = settledSettings(session, await session.settings(options));
  const client = await session.client();
  const { requestedBy } = session.environment;
  const input = { settings, to: options.to ?? null, requestedBy, reason: options.reason ?? null };
  const handle = await startOrFollow(session, client, { kind: 'rollback', input });
  if (!options.json) {
    session.output.print(
      `rollback to ${options.to ?? 'the release before'} · ${handle.workflowId}; the database stays as it is`,
    );
  }
  return follow(session, handle, { json: options.json ?? false });
}
