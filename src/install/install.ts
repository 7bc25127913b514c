import type { Host } from '../hosts/host.js';
import type { Finding } from '../model/finding.js';
import { carryOut, type Crew } from './carry-out.js';
import { InstallError } from './install-error.js';
import { gatherLocalFacts, type TemporalFile } from './local-facts.js';
import { planInstall, type InstallPlan } from './plan.js';
import { collectProgram, manifestHash, type Program } from './program.js';
import type { PublicKey } from './public-key.js';
import { gatherFacts, type ServerFacts } from './server-facts.js';
import { stillOpen, untilClosed } from './open-ports.js';
import { keepHistory, untilUp } from './server-questions.js';
import { readUnitTemplates, renderUnits } from './units.js';

/** What is to be brought to a server. */
export interface Load {
  /** Where this program lies: `package.json`, `dist` and `templates`. */
  readonly packageRoot: string;
  readonly version: string;
  /** A Temporal CLI of this machine, to be shipped where there is no other way. */
  readonly temporal: TemporalFile | null;
}

export interface InstallOptions extends Load {
  readonly keys: readonly PublicKey[];
  /** Whether to start the units and wait for them. */
  readonly start: boolean;
}

/** Told what is going on; how it looks is not decided here. */
export interface Listener {
  readonly plan: (plan: InstallPlan) => void;
  readonly step: Crew['report'];
  readonly warning: (finding: Finding) => void;
  readonly note: (text: string) => void;
}

export interface Installed {
  /** The server's own key, `ssh-ed25519 AAAA…`, for `known_hosts`. */
  readonly hostKey: string | null;
}

/**
 * Sets a server up, or mends what is not right on one that is set up.
 *
 * @throws {InstallError} `refused` before anything is touched, `unavailable` when the units do not come up.
 */
export async function install(host: Host, options: InstallOptions, listener: Listener): Promise<Installed> {
  const { facts, plan, program } = await prepareLoad(host, options, options);
  if (facts.currentVersion && facts.currentVersion !== program.version) {
    throw new InstallError(
      'refused',
      `pointsman ${facts.currentVersion} is installed there: "pointsman host upgrade" waits for running deploys and brings ${program.version}.`,
    );
  }
  refuseOrWarn(plan, listener);
  listener.plan(plan);
  const crew = { host, program, report: listener.step };
  await carryOut(crew, plan.prepare);
  await carryOut(crew, plan.switchOver);
  if (options.start) await proveUp(host, listener);
  return { hostKey: facts.hostKey };
}

export interface Prepared {
  readonly facts: ServerFacts;
  readonly plan: InstallPlan;
  readonly program: Program;
}

/** Asks the server, gathers what it would get, and plans. */
export async function prepareLoad(
  host: Host,
  load: Load,
  wishes: Pick<InstallOptions, 'keys' | 'start'>,
): Promise<Prepared> {
  const facts = await gatherFacts(host, load.version);
  const [program, local, templates] = await Promise.all([
    collectProgram(load.packageRoot, facts.machine),
    gatherLocalFacts(load.temporal),
    readUnitTemplates(load.packageRoot),
  ]);
  const manifest = manifestHash(program);
  const plan = planInstall(facts, { ...wishes, version: load.version, manifest, local, units: renderUnits(templates) });
  return { facts, plan, program };
}

/** @throws {InstallError} with everything that is wrong. */
export function refuseOrWarn({ findings }: InstallPlan, listener: Listener): void {
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) {
    const lines = errors.map(({ check, message, fix }) => `  [${check}] ${message} ${fix}`);
    throw new InstallError('refused', ['Nothing was touched. To mend first:', ...lines].join('\n'));
  }
  for (const finding of findings) listener.warning(finding);
}

/** Temporal answers, to root and its own account alone, the new worker asks for work, and history is kept. */
export async function proveUp(host: Host, listener: Listener): Promise<void> {
  await untilUp(host);
  const changed = await keepHistory(host);
  listener.step({ title: 'Temporal keeps history for 30 days', state: changed ? 'done' : 'unchanged' });
  listener.note('Temporal answers, and the worker asks it for work.');
  const open = await untilClosed(host);
  if (open.length > 0) listener.warning({ severity: 'warning', check: 'accounts', ...stillOpen(open) });
}
