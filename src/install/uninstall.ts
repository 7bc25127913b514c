import type { Host } from '../hosts/host.js';
import { isSigned } from '../hosts/own-file.js';
import { shell, type StepReport } from './carry-out.js';
import { InstallError } from './install-error.js';
import {
  authorizedKeysPath,
  configuration,
  currentLink,
  previousLink,
  programs,
  stateDirectory,
  unitDirectory,
  unitNames,
  user,
  wrapperPath,
} from './layout.js';
import { withoutGates } from './public-key.js';
import { runningDeploys } from './server-questions.js';

export interface UninstallOptions {
  /** Also the state, the settings and the user. */
  readonly purge: boolean;
  /** Also while a deploy runs. */
  readonly force: boolean;
}

/**
 * Takes away what `install` brought. The apps go on running: they belong to Docker.
 *
 * @throws {InstallError} `busy` while a deploy runs, `unavailable` when nobody can tell.
 */
export async function uninstall(
  host: Host,
  { purge, force }: UninstallOptions,
  report: (step: StepReport) => void,
): Promise<void> {
  const { stdout } = await host.run({ argv: ['id', '-u'] });
  if (stdout.trim() !== '0') throw new InstallError('refused', 'This is not root: connect as root.');
  if (!force) await refuseWhileBusy(host);
  const units = unitNames.map((unit) => `${unitDirectory}/${unit}`);
  const done = async (title: string, script: string, args: readonly string[]): Promise<void> => {
    await shell(host, script, args);
    report({ title, state: 'done' });
  };
  // Temporal before its ports are open to everybody again.
  const stopped = unitNames.toReversed();
  await done(`stopped ${stopped.join(', ')}`, stopUnits, stopped);
  await removeOwn(host, [...units, wrapperPath], report);
  await removeKeys(host, report);
  await done(`the versions in ${programs} removed`, removeVersions, [programs, currentLink, previousLink]);
  if (!purge) return;
  await done(`${stateDirectory} and ${configuration} removed`, 'rm -rf "$1" "$2"', [stateDirectory, configuration]);
  await done(`user ${user} removed`, removeUser, [user]);
}

async function refuseWhileBusy(host: Host): Promise<void> {
  if ((await host.tryRun({ argv: ['test', '-e', currentLink] })).exitCode !== 0) return;
  const running = await runningDeploys(host);
  if (running === 0) return;
  if (running === null) {
    const message =
      'Temporal does not answer there, so nobody knows whether a deploy runs. To uninstall all the same: --force.';
    throw new InstallError('unavailable', message);
  }
  const what = running === 1 ? 'A deploy runs' : `${running} deploys run`;
  throw new InstallError(
    'busy',
    `${what} there: wait for it, or abort it (pointsman abort). Or leave it half done: --force.`,
  );
}

const stopUnits = String.raw`
for unit; do
  [ ! -e "${unitDirectory}/$unit" ] || systemctl disable --now "$unit" 2>&1
done
`;

const reload = '[ ! -d /run/systemd/system ] || systemctl daemon-reload';

/** A version has a list of its files; one that was being made has another ending. What else lies here is somebody else's. */
const removeVersions = String.raw`
rm -f "$2" "$3" "$2.new" "$3.new"
for path in "$1"/*; do
  case $path in *.new | *.old) ;; *) [ -f "$path/SHA256SUMS" ] || continue ;; esac
  rm -rf "$path"
done
rmdir "$1" 2>/dev/null || true
`;

/** Files that are as pointsman wrote them; what somebody else wrote or changed stays, and is named. */
async function removeOwn(host: Host, paths: readonly string[], report: (step: StepReport) => void): Promise<void> {
  for (const path of paths) {
    const content = await host.readFile(path);
    if (content === null) continue;
    const own = isSigned(content);
    if (own) await shell(host, 'rm -f "$1"', [path]);
    const title = own ? `${path} removed` : `${path} stays: somebody else wrote it, or changed it since`;
    report({ title, state: own ? 'done' : 'unchanged' });
  }
  await shell(host, reload, []);
}

const removeUser = String.raw`
if id -u "$1" >/dev/null 2>&1; then userdel "$1"; fi
if getent group "$1" >/dev/null; then groupdel "$1"; fi
`;

async function removeKeys(host: Host, report: (step: StepReport) => void): Promise<void> {
  const content = await host.readFile(authorizedKeysPath);
  if (content === null) return;
  const left = withoutGates(content);
  if (left === content) return;
  await host.writeFile(authorizedKeysPath, left, 0o600);
  await shell(host, 'chown "$2:$2" "$1"', [authorizedKeysPath, user]);
  report({ title: `keys for CI removed from ${authorizedKeysPath}`, state: 'done' });
}
