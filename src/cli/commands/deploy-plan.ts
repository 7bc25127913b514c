import { uniqueCall } from '../../database/database-of.js';
import { readRecords } from '../../docker/release-record.js';
import { settingsOn } from '../../docker/project-directory.js';
import type { Project } from '../../config/load.js';
import type { Host } from '../../hosts/host.js';
import type { BackupManifest } from '../../model/database.js';
import { backupName, timestampOf } from '../../model/names.js';
import { planDeploy, type SwitchPlan } from '../../model/plan.js';
import { releaseBefore } from '../../model/release-record.js';
import { backupsToGo } from '../../model/retention.js';
import type { Settings } from '../../model/settings.js';
import { runPreflight } from '../../preflight/index.js';
import { Exit, exitCodes, type ExitCode } from '../exit-codes.js';
import { plannedSteps } from '../../model/plan.js';
import { planRehearsal, requireMigrate } from '../plan-rehearsal.js';
import { deployPlanText, endsAtRehearsal, plannedHold, type PlannedBackups } from '../render-plan.js';
import type { Session } from '../session.js';
import { shipRelease } from '../ship.js';
import { occupantText, whoHas } from '../start.js';
import { endedText, toldOfEnded } from '../unrecovered.js';
import { withDatabase } from '../with-database.js';
import type { DeployOptions } from './deploy.js';
import { jsonLine } from '../terminal-text.js';

/** What a deploy would do, without Temporal and without touching anything. */
export async function deployPlanCommand(
  session: Session,
  { project, release }: { readonly project: Project; readonly release: string },
  options: DeployOptions,
): Promise<ExitCode> {
  if (options.rehearse) requireMigrate(project.settings);
  // As for a check: on another machine it looks at what a deploy would send there.
  const settings = await shipRelease(session, project, release, options);
  const host = await session.host(project.settings);
  const { findings, live } = await runPreflight(host, settingsOn(host, settings), { release, kind: 'deploy' });
  const plan = planDeploy(settings, release, live);
  const refused = findings.some(({ severity }) => severity === 'error');
  const inTheWay = await whatIsInTheWay(session, settings);
  const obstacle = refused ? 'what preflight finds comes first' : (inTheWay[0] ?? null);
  const rehearsal = options.rehearse ? await planRehearsal(host, settings, plan, obstacle) : null;
  const planned = {
    ...{ plan, findings, steps: plannedSteps(settings, { live, approved: options.yes }), inTheWay, rehearsal },
    backups: await plannedBackups(session, { settings, host, plan }, options),
  };
  const json = { event: 'plan', ...planned, hold: plannedHold(settings, live) };
  session.output.print(options.json ? jsonLine(json) : deployPlanText(settings, planned));
  return refused || endsAtRehearsal(settings, planned) ? exitCodes.refused : exitCodes.succeeded;
}

/** Where Temporal is up it knows; it is not started for that. */
async function whatIsInTheWay(session: Session, settings: Settings): Promise<string[]> {
  const client = await session.clientIfUp();
  const occupant = client && (await whoHas(client, settings));
  const ended = await toldOfEnded(session, settings);
  return [
    ...(occupant ? [`${occupantText(occupant)} runs, since ${occupant.startTime.toISOString()}`] : []),
    ...(ended ? [`${endedText(ended)} Put it in order: pointsman recover.`] : []),
  ];
}

async function plannedBackups(
  session: Session,
  { settings, host, plan }: { readonly settings: Settings; readonly host: Host; readonly plan: SwitchPlan },
  options: DeployOptions,
): Promise<PlannedBackups> {
  if (!settings.database) return { removes: [], unknown: null };
  try {
    return await withDatabase(session, options, async ({ database }) => {
      const found = await database.list(uniqueCall());
      const target = await rollbackTarget(host, settings, plan);
      return { removes: removedOf(settings, { found, plan, target }), unknown: null };
    });
  } catch (error) {
    // No database, none yet, or nothing to look at it with: the plan holds all the same.
    if (error instanceof Exit && error.code !== exitCodes.detached) return { removes: [], unknown: error.message };
    throw error;
  }
}

/** What a rollback will go back to once this release is live. */
async function rollbackTarget(host: Host, settings: Settings, { release }: SwitchPlan): Promise<string | null> {
  const next = { kind: 'deploy', outcome: 'succeeded', release, image: null } as const;
  return releaseBefore([...(await readRecords(host, settings)), next], release)?.release ?? null;
}

interface Found {
  readonly found: readonly BackupManifest[];
  readonly plan: SwitchPlan;
  readonly target: string | null;
}

function removedOf({ database }: Settings, { found, plan, target }: Found): string[] {
  if (!database) return [];
  const own = { file: backupName(database, timestampOf(Date.now())), releaseFrom: plan.from?.release ?? null };
  return backupsToGo(found, { own, keep: database.keepBackups, rollbackTo: target });
}
