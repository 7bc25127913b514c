import { settingsOn } from '../../docker/project-directory.js';
import { runPreflight } from '../../preflight/index.js';
import { composeOn } from '../ask-compose.js';
import { pc } from '../colours.js';
import { obstaclesOf } from '../obstacles.js';
import { requireRelease } from '../release.js';
import { exitCodes, type ExitCode } from '../exit-codes.js';
import { findingText } from '../render-plan.js';
import { shipRelease, type ShipOptions } from '../ship.js';
import type { PlaceOptions, Session } from '../session.js';
import { liveText } from '../../model/slot.js';
import { jsonLine } from '../terminal-text.js';

export interface CheckOptions extends PlaceOptions, ShipOptions {
  readonly release?: string;
  readonly json?: boolean;
}

/**
 * What a deploy would come to, as far as that can be told without one: preflight, and what of Temporal's is in the way. Reads,
 * judges, touches nothing and starts nothing. Code 0 means that nothing known refuses it (docs/cli.md lists what cannot be known).
 */
export async function checkCommand(session: Session, options: CheckOptions): Promise<ExitCode> {
  const project = await session.project(options, { askCompose: composeOn(session.here) });
  const named = options.release ?? session.environment.release;
  // Without a release there is no image to look for; everything else is checked all the same.
  const release = named === null ? null : requireRelease(named);
  // On another machine the check looks at what a deploy would send there.
  const settings = await shipRelease(session, project, release ?? 'check', options);
  const host = await session.host(project.settings);
  const { findings, live } = await runPreflight(host, settingsOn(host, settings), { release, kind: 'deploy' });
  const { obstacles, ended } = await obstaclesOf(session, settings, release);
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  if (options.json)
    session.output.print(jsonLine({ findings, live, ended, inTheWay: obstacles.map(({ message }) => message) }));
  else {
    for (const finding of findings) session.output.print(findingText(finding));
    for (const { message } of obstacles) session.output.print(`${pc.red('error')} ${message}`);
    const ready = obstacles.length > 0 ? 'ready to deploy after that' : 'ready to deploy';
    session.output.print(`${errors === 0 ? ready : `${errors} to mend first`}; live: ${liveText(live)}`);
  }
  return errors > 0 ? exitCodes.refused : (obstacles[0]?.code ?? exitCodes.succeeded);
}
