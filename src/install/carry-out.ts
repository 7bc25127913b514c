import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import type { Host } from '../hosts/host.js';
import { keepOnHost } from '../hosts/own-file.js';
import { timestampOf } from '../model/names.js';
import { compressed } from './compressed.js';
import { InstallError } from './install-error.js';
import {
  currentLink,
  directories,
  portsUnit,
  previousLink,
  stateDirectory,
  user,
  versionDirectory,
  type UnitName,
} from './layout.js';
import type { BinaryPlan } from './plan-binaries.js';
import type { Action, PlannedStep } from './plan.js';
import type { Program } from './program.js';

export interface Crew {
  readonly host: Host;
  readonly program: Program;
  /** Told after each step that was carried out or found right. */
  readonly report: (line: StepReport) => void;
}

export interface StepReport {
  readonly title: string;
  readonly state: 'done' | 'unchanged';
}

/** Carries steps out in their order; each does no harm when done twice, so a run that broke off is just repeated. */
export async function carryOut(crew: Crew, steps: readonly PlannedStep[]): Promise<void> {
  for (const { title, action } of steps) {
    if (action) await act(crew, action);
    crew.report({ title, state: action ? 'done' : 'unchanged' });
  }
}

async function act({ host, program }: Crew, action: Action): Promise<void> {
  switch (action.do) {
    case 'make-user':
      return shell(host, makeUser, [user, stateDirectory]);
    case 'make-directories':
      for (const { path, rights } of directories) await shell(host, makeDirectory, [path, ...rights.split(' ')]);
      return;
    case 'unpack':
      return unpack(host, program, action);
    case 'binary':
      return putBinary(host, action.directory, action.binary);
    case 'prove':
      return prove(host, action);
    case 'settle':
      return shell(host, settle, [action.from, action.to]);
    case 'write':
      return writeOwned(host, action);
    case 'switch':
      return switchTo(host, action.version);
    case 'reload-units':
      return void (await host.run({ argv: ['systemctl', 'daemon-reload'] }));
    case 'enable':
    case 'start':
    case 'restart':
      return systemctl(host, action.do, action.unit);
  }
}

/**
 * Has systemd act on a unit. Where ports cannot be closed to other accounts the rest works all the same; what is open then
 * is found out in the end, by trying.
 */
export async function systemctl(host: Host, what: 'enable' | 'start' | 'restart', unit: UnitName): Promise<void> {
  const command = { argv: ['systemctl', what, unit] } as const;
  await (unit === portsUnit && what !== 'enable' ? host.tryRun(command) : host.run(command));
}

/** Points `current` at a version, and `previous` at the one before it. */
export function switchTo(host: Host, version: string): Promise<void> {
  return shell(host, pointAt, [versionDirectory(version), currentLink, previousLink]);
}

/** Runs POSIX sh that ends at the first failure; its arguments are `$1`, `$2` …, never part of the script. */
export async function shell(host: Host, script: string, args: readonly string[], stdin?: Readable): Promise<void> {
  await host.run({ argv: ['sh', '-ec', script, 'sh', ...args], ...(stdin ? { stdin } : {}) });
}

// An asterisk is no password, and unlike "!" no lock, which sshd would refuse keys for.
const makeUser = String.raw`
getent group "$1" >/dev/null || groupadd --system "$1"
id -u "$1" >/dev/null 2>&1 || useradd --system --gid "$1" --home-dir "$2" --no-create-home --shell /bin/sh --password '*' "$1"
usermod --home "$2" --shell /bin/sh --append --groups docker "$1"
`;

const makeDirectory = 'mkdir -p "$1"; chown "$3" "$1"; chmod "$2" "$1"';

// Between the two moves the version is missing for an instant; a program that runs has its modules loaded.
const settle = String.raw`
rm -rf "$2.old"
[ ! -e "$2" ] || mv -T "$2" "$2.old"
mv -T "$1" "$2"
rm -rf "$2.old"
`;

const pointAt = String.raw`
before=$(readlink "$2" || true)
if [ -n "$before" ] && [ "$before" != "$1" ]; then ln -sfn "$before" "$3.new"; mv -T "$3.new" "$3"; fi
ln -sfn "$1" "$2.new"
mv -T "$2.new" "$2"
`;

const extract = String.raw`
umask 022
rm -rf "$1"
mkdir -p "$1/bin" "$1/units"
tar -xz --no-same-owner --no-same-permissions -f - -C "$1"
`;

async function unpack(host: Host, program: Program, { directory, units }: Action & { do: 'unpack' }): Promise<void> {
  await shell(host, extract, [directory], program.archive());
  for (const [name, text] of Object.entries(units)) await host.writeFile(`${directory}/units/${name}`, text, 0o644);
}

const binaryScripts = {
  server: 'ln -sfn "$1" "$2.new"',
  // A second name of the same file, which is never written to. A move between two names of one file is refused.
  version: 'rm -f "$2" "$2.new"; cp -al "$1" "$2.new"',
  download: String.raw`
rm -rf "$2.part"; mkdir "$2.part"
if command -v curl >/dev/null; then curl -fsSL --connect-timeout 10 --max-time 900 -o "$2.part/archive" "$1"
else wget -q --timeout=30 -O "$2.part/archive" "$1"; fi
tar -xz -f "$2.part/archive" -C "$2.part" --no-same-owner temporal
chmod 755 "$2.part/temporal"; mv "$2.part/temporal" "$2.new"; rm -rf "$2.part"
`,
  'this-machine': 'gzip -d >"$2.new"; chmod 755 "$2.new"',
};

async function putBinary(host: Host, directory: string, { name, source }: BinaryPlan): Promise<void> {
  if (source.from === 'here') return;
  const from = source.from === 'download' ? source.url : source.path;
  const content = source.from === 'this-machine' ? compressed(createReadStream(source.path), 1) : undefined;
  const script = `umask 022; mkdir -p "$(dirname "$2")"; ${binaryScripts[source.from]}\nmv -T "$2.new" "$2"`;
  await shell(host, script, [from, `${directory}/bin/${name}`], content);
}

async function prove(host: Host, { directory, version }: Action & { do: 'prove' }): Promise<void> {
  const asUser = ['runuser', '-u', user, '--', 'env', `HOME=${stateDirectory}`] as const;
  const node = `${directory}/bin/node`;
  const answers = async (what: string, argv: readonly string[], fits: RegExp): Promise<void> => {
    const { exitCode, stdout, stderr } = await host.tryRun({ argv: [...asUser, ...argv] });
    if (exitCode === 0 && fits.test(stdout)) return;
    const said = (stderr.trim() || stdout.trim()).split('\n').slice(-3).join('\n');
    throw new InstallError('refused', `${what} does not run there as the user ${user}; nothing was switched:\n${said}`);
  };
  await answers('Node.js', [node, '--version'], /^v\d/);
  await answers('The Temporal CLI', [`${directory}/bin/temporal`, '--version'], /^temporal version/m);
  const escaped = version.replaceAll(/[.+]/g, String.raw`\$&`);
  await answers('pointsman', [node, `${directory}/dist/cli/main.js`, '--version'], new RegExp(`^${escaped}$`, 'm'));
  await answers('Docker', ['docker', 'version', '--format', '{{.Server.Version}}'], /\d/);
}

async function writeOwned(host: Host, { path, content, rights, keep }: Action & { do: 'write' }): Promise<void> {
  if (keep) await keepOnHost(host, path, timestampOf(Date.now()));
  const [mode = '', owner = ''] = rights.split(' ');
  await host.writeFile(path, content, Number.parseInt(mode, 8));
  // The mode again: a umask may have taken bits away.
  await shell(host, 'chown "$2" "$1"; chmod "$3" "$1"', [path, owner, mode]);
}
