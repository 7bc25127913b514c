import { settingsOn } from '../../docker/project-directory.js';
import { runPreflight } from '../../preflight/index.js';
import { composeOn } from '../ask-compose.js';
import { pc } from '../colours.js';
import { endedText, toldOfEnded } from '../unrecovered.js';
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

/** Preflight alone: reads, judges, touches nothing. */
export async function checkCommand(session: Session, options: CheckOptions): Promise<ExitCode> {
  const project = await session.project(options, composeOn(session.here));
  const release = options.release ?? session.environment.release;
  // Without a release there is no image to look for; everything else is checked all the same.
  const question = release ? ({ release, kind: 'deploy' } as const) : ({ release: 'none', kind: 'rollback' } as const);
  // On another machine the check looks at what a deploy would send there.
  const settings = await shipRelease(session, project, release ?? 'check', options);
  const host = await session.host(project.settings);
  const { findings, live } = await runPreflight(host, settingsOn(host, settings), question);
  const ended = await toldOfEnded(session, settings);
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  if (options.json) session.output.print(jsonLine({ findings, live, ended }));
  else {
    for (const finding of findings) session.output.print(findingText(finding));
    if (ended) session.output.print(`${pc.red('error')} ${endedText(ended)} Put it in order: pointsman recover.`);
    session.output.print(
      `${errors === 0 ? (ended ? 'ready to deploy after that' : 'ready to deploy') : `${errors} to mend first`}; live: ${liveText(live)}`,
    );
  }
  if (ended && errors === 0) return exitCodes.terminated;
  return errors === 0 ? exitCodes.succeeded : exitCodes.refused;
}
