import type { Host } from '../hosts/host.js';
import { isSigned, keepOnHost } from '../hosts/own-file.js';
import { timestampOf } from '../model/names.js';
import { carryOut, shell, switchTo, systemctl } from './carry-out.js';
import { untilIdle } from './idle.js';
import { InstallError } from './install-error.js';
import { prepareLoad, proveUp, refuseOrWarn, type Listener, type Load } from './install.js';
import { installedVersions } from './installed.js';
import {
  currentLink,
  previousLink,
  programs,
  temporalUnit,
  unitDirectory,
  unitNames,
  versionDirectory,
  workerUnit,
  type UnitName,
} from './layout.js';
import { isUnchanged, type InstallPlan } from './plan.js';
import { reasonOf } from '../model/reason.js';

export interface UpgradeOptions extends Load {
  /** How long to wait for running deploys; 0 does not wait. */
  readonly waitMs: number;
}

/**
 * Brings this version beside the one that runs, and switches to it once no deploy runs.
 *
 * @throws {InstallError} `undone` when the new worker did not come up and the version before runs again.
 */
export async function upgrade(host: Host, options: UpgradeOptions, listener: Listener): Promise<void> {
  const { facts, plan, program } = await prepareLoad(host, options, { keys: [], start: true });
  const before = facts.currentVersion;
  if (!before) throw new InstallError('refused', 'pointsman is not installed there: pointsman host install.');
  refuseOrWarn(plan, listener);
  listener.plan(plan);
  const crew = { host, program, report: listener.step };
  const idle = (): Promise<void> => untilIdle(host, options.waitMs, listener.note);
  // The version that runs can only be mended in place, so that waits too.
  if (before === program.version && !isUnchanged(plan)) await idle();
  await carryOut(crew, plan.prepare);
  if (before !== program.version) await idle();
  try {
    await carryOut(crew, plan.switchOver);
    await proveUp(host, listener);
  } catch (error) {
    if (before === program.version) throw error;
    const reason = reasonOf(error);
    listener.note(`pointsman ${program.version} did not come up; going back to ${before}`);
    await putToWork(host, before, touchesTemporal(plan) ? unitNames : [workerUnit]);
    await restorePrevious(host, facts.previousVersion);
    await proveUp(host, listener);
    throw new InstallError(
      'undone',
      `pointsman ${program.version} did not come up, and ${before} runs again:\n${reason}`,
    );
  }
  await prune(host);
}

/**
 * Goes back to the version before, once no deploy runs.
 *
 * @throws {InstallError} `refused` when there is none.
 */
export async function upgradeBack(host: Host, { waitMs }: { waitMs: number }, listener: Listener): Promise<string> {
  const { current, previous } = await installedVersions(host);
  if (!previous || previous === current) {
    throw new InstallError('refused', 'There is no version before to go back to.');
  }
  await untilIdle(host, waitMs, listener.note);
  await putToWork(host, previous, unitNames);
  listener.step({ title: `current is ${previous}`, state: 'done' });
  await proveUp(host, listener);
  return previous;
}

/** Switches to a version that is there, with the units that came with it. */
async function putToWork(host: Host, version: string, restart: readonly UnitName[]): Promise<void> {
  const units = `${versionDirectory(version)}/units`;
  for (const unit of unitNames) {
    const found = await host.readFile(`${unitDirectory}/${unit}`);
    if (found !== null && !isSigned(found)) await keepOnHost(host, `${unitDirectory}/${unit}`, timestampOf(Date.now()));
  }
  await shell(host, removeUnknown, [units, unitDirectory, ...unitNames]);
  await shell(host, 'for unit in "$1"/*; do cp "$unit" "$2/"; done', [units, unitDirectory]);
  await switchTo(host, version);
  await host.run({ argv: ['systemctl', 'daemon-reload'] });
  for (const unit of restart) {
    if ((await host.readFile(`${unitDirectory}/${unit}`)) !== null) await systemctl(host, 'restart', unit);
  }
}

/** A unit that the version to go back to does not know: it runs a program that would not be there. */
const removeUnknown = String.raw`
units=$1 there=$2; shift 2
for unit; do
  if [ -e "$units/$unit" ] || [ ! -e "$there/$unit" ]; then continue; fi
  systemctl disable --now "$unit" 2>&1
  rm "$there/$unit"
done
`;

function touchesTemporal({ switchOver }: InstallPlan): boolean {
  return switchOver.some(({ action }) => action?.do === 'restart' && action.unit === temporalUnit);
}

async function restorePrevious(host: Host, version: string | null): Promise<void> {
  const script = version ? 'ln -sfn "$2" "$1.new"; mv -T "$1.new" "$1"' : 'rm -f "$1"';
  await shell(host, script, [previousLink, version ? versionDirectory(version) : '']);
}

const pruneScript = String.raw`
cd "$1"
for entry in *; do
  path="$1/$entry"
  if [ -L "$path" ] || [ "$path" = "$(readlink "$2")" ] || [ "$path" = "$(readlink "$3" || true)" ]; then continue; fi
  # A version has a list of its files; what else lies here is somebody else's.
  if [ -f "$path/SHA256SUMS" ]; then rm -rf "$path"; fi
done
`;

/** Keeps the version that runs and the one before. */
function prune(host: Host): Promise<void> {
  return shell(host, pruneScript, [programs, currentLink, previousLink]);
}
