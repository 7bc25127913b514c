import type { Settings } from '../../model/settings.js';
import { composeOn } from '../ask-compose.js';
import { startInTurn } from '../await-turn.js';
import { Exit, exitCodes, type ExitCode } from '../exit-codes.js';
import { follow } from '../follow.js';
import { keepSchedule } from '../keep-schedule.js';
import { requireRelease } from '../release.js';
import type { PlaceOptions, Session } from '../session.js';
import { settledSettings, shipRelease, type ShipOptions } from '../ship.js';
import { startOrFollow } from '../start.js';

export interface DeployOptions extends PlaceOptions, ShipOptions {
  readonly release?: string;
  readonly reason?: string;
  readonly json?: boolean;
  readonly detach?: boolean;
  readonly queue?: boolean;
  readonly supersede?: boolean;
  /** Whoever asks approves it already. */
  readonly yes?: boolean;
  /** Only say what would happen. */
  readonly plan?: boolean;
  /** With `plan`: run the migrations on a copy. */
  readonly rehearse?: boolean;
}

export async function deployCommand(session: Session, options: DeployOptions): Promise<ExitCode> {
  if (options.rehearse && !options.plan)
    throw new Exit(exitCodes.usage, '--rehearse goes with --plan: a deploy rehearses its migrations in any case.');
  const project = await session.project(options, { askCompose: composeOn(session.here) });
  const release = await releaseToDeploy(session, project.settings, options.release);
  if (options.plan) {
    const { deployPlanCommand } = await import('./deploy-plan.js');
    return deployPlanCommand(session, { project, release }, options);
  }
  const client = await session.client();
  const settings = await shipRelease(session, project, release, options);
  await keepSchedule(session, client, await settledSettings(session, project.settings));
  const { requestedBy } = session.environment;
  const approved = options.yes ? { approved: true } : {};
  const input = { settings, release, requestedBy, reason: options.reason ?? null, ...approved };
  const { supersede = false, json = false } = options;
  const handle =
    options.queue || supersede
      ? await startInTurn(session, client, input, { supersede, json })
      : await startOrFollow(session, client, { kind: 'deploy', input });
  const link = session.link(handle.workflowId, (await handle.describe()).runId);
  if (!options.json)
    session.output.print(`deploy ${release} · ${settings.project}/${settings.environment}${link ? ` · ${link}` : ''}`);
  return options.detach ? exitCodes.succeeded : follow(session, handle, { json });
}

/** The one that is named, the CI job's, or the checkout's. */
async function releaseToDeploy(session: Session, { directory }: Settings, named?: string): Promise<string> {
  const release = named ?? session.environment.release ?? (await commit(session, directory));
  return requireRelease(release);
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
