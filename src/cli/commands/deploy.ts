import { releasePattern } from '../../model/names.js';
import { Exit, exitCodes, type ExitCode } from '../exit-codes.js';
import { follow } from '../follow.js';
import { keepSchedule } from '../keep-schedule.js';
import type { PlaceOptions, Session } from '../session.js';
import { settledSettings, shipRelease, type ShipOptions } from '../ship.js';
import { startOrFollow } from '../start.js';

export interface DeployOptions extends PlaceOptions, ShipOptions {
  readonly release?: string;
  readonly reason?: string;
  readonly json?: boolean;
  readonly detach?: boolean;
}

export async function deployCommand(session: Session, options: DeployOptions): Promise<ExitCode> {
  const project = await session.project(options);
  const { directory } = project.settings;
  const release = options.release ?? session.environment.release ?? (await commit(session, directory));
  if (!releasePattern.test(release)) {
    throw new Exit(
      exitCodes.usage,
      `--release ${release} cannot be an image tag: use letters, digits, "_", "." and "-".`,
    );
  }
  const client = await session.client();
  const settings = await shipRelease(session, project, release, options);
  await keepSchedule(session, client, settledSettings(session, project.settings));
  const { requestedBy } = session.environment;
  const input = { settings, release, requestedBy, reason: options.reason ?? null };
  const handle = await startOrFollow(session, client, { kind: 'deploy', input });
  const link = session.link(handle.workflowId, (await handle.describe()).runId);
  if (!options.json)
    session.output.print(`deploy ${release} · ${settings.project}/${settings.environment}${link ? ` · ${link}` : ''}`);
  return options.detach ? exitCodes.succeeded : follow(session, handle, { json: options.json ?? false });
}

async function commit(session: Session, directory: string): Promise<string> {
  const command = { argv: ['git', 'rev-parse', '--short', 'HEAD'] as const, cwd: directory };
  const { exitCode, stdout } = await session.here.tryRun(command);
  if (exitCode !== 0)
    throw new Exit(
      exitCodes.usage,
      'Which release? Name it with --release: this is neither a CI job nor a git checkout.',
    );
  return stdout.trim();
}
