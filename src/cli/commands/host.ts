import { isIPv6 } from 'node:net';
import { knownHostsName } from '../../hosts/ssh/known-hosts.js';
import type { SshTarget } from '../../hosts/ssh/target.js';
import { readBounded } from '../../hosts/bounded-file.js';
import { install, type Listener, type Load } from '../../install/install.js';
import { InstallError } from '../../install/install-error.js';
import { user } from '../../install/layout.js';
import type { TemporalFile } from '../../install/local-facts.js';
import { isUnchanged, type PlannedStep } from '../../install/plan.js';
import { parsePublicKey, type PublicKey } from '../../install/public-key.js';
import { hostStatus, type HostStatus } from '../../install/status.js';
import { uninstall } from '../../install/uninstall.js';
import { upgrade, upgradeBack } from '../../install/upgrade.js';
import { durationPattern, parseDuration } from '../../config/duration.js';
import { pc } from '../colours.js';
import { Exit, exitCodes, type ExitCode } from '../exit-codes.js';
import type { Session } from '../session.js';
import { packageRoot, version } from '../this-package.js';
import { jsonLine } from '../terminal-text.js';

export interface HostInstallOptions {
  /** Files with public keys. */
  readonly key?: readonly string[];
  readonly temporal?: string;
  /** `false` with `--no-start`. */
  readonly start: boolean;
}

export interface HostUpgradeOptions {
  readonly wait: string;
  readonly temporal?: string;
  readonly back?: boolean;
}

export interface HostStatusOptions {
  readonly json?: boolean;
}

export interface HostUninstallOptions {
  readonly purge?: boolean;
  readonly force?: boolean;
}

/** Sets a server up, or mends one. */
export async function hostInstallCommand(
  session: Session,
  url: string,
  options: HostInstallOptions,
): Promise<ExitCode> {
  return explained(async () => {
    const keys = await readKeys(options.key ?? []);
    const host = await session.sshHost(url);
    const { start, temporal } = options;
    const { hostKey } = await install(host, { ...load(session, temporal), keys, start }, listener(session));
    for (const line of ['', ...ciLines(host.connection.target, hostKey)]) session.output.print(line);
    return exitCodes.succeeded;
  });
}

/** How a server is that was set up. */
export async function hostStatusCommand(session: Session, url: string, options: HostStatusOptions): Promise<ExitCode> {
  return explained(async () => {
    const status = await hostStatus(await session.sshHost(url));
    if (options.json) session.output.print(jsonLine(status));
    else for (const line of statusLines(status)) session.output.print(line);
    return status.problems.length === 0 ? exitCodes.succeeded : exitCodes.unavailable;
  });
}

/** Brings this version, or goes back to the one before. */
export async function hostUpgradeCommand(
  session: Session,
  url: string,
  options: HostUpgradeOptions,
): Promise<ExitCode> {
  return explained(async () => {
    const waitMs = waitOf(options.wait);
    const host = await session.sshHost(url);
    if (options.back) {
      const before = await upgradeBack(host, { waitMs }, listener(session));
      session.output.print(`pointsman ${before} runs on ${host.name} again`);
    } else {
      const what = load(session, options.temporal);
      await upgrade(host, { ...what, waitMs }, listener(session));
      session.output.print(`pointsman ${what.version} runs on ${host.name}`);
    }
    return exitCodes.succeeded;
  });
}

/** Takes away what `install` brought. */
export async function hostUninstallCommand(
  session: Session,
  url: string,
  { purge = false, force = false }: HostUninstallOptions,
): Promise<ExitCode> {
  return explained(async () => {
    const host = await session.sshHost(url);
    await uninstall(host, { purge, force }, listener(session).step);
    const kept = purge ? '' : '; its state and settings are kept (--purge removes them)';
    session.output.print(`pointsman is gone from ${host.name}${kept}`);
    return exitCodes.succeeded;
  });
}

/** Every way in which these end has an exit code of its own. */
async function explained(act: () => Promise<ExitCode>): Promise<ExitCode> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof InstallError) throw new Exit(exitCodes[error.kind], error.message);
    throw error;
  }
}

async function readKeys(files: readonly string[]): Promise<PublicKey[]> {
  return Promise.all(
    files.map(async (file) => {
      const text = await readBounded(file, 1 << 20).catch((error: NodeJS.ErrnoException) => {
        throw new Exit(exitCodes.usage, `The key ${file} cannot be read: ${error.code ?? error.message}.`);
      });
      return parsePublicKey(text, file);
    }),
  );
}

/** This very program. */
function load({ environment }: Session, demanded: string | undefined): Load {
  const found = environment.temporal.kind === 'embedded' ? environment.temporal.cli : null;
  const path = demanded ?? found;
  const temporal: TemporalFile | null = path ? { path, demanded: demanded !== undefined } : null;
  return { packageRoot, version, temporal };
}

function waitOf(text: string): number {
  if (text === '0') return 0;
  if (!durationPattern.test(text))
    throw new Exit(exitCodes.usage, `--wait must be a duration such as 30m, or 0, not "${text}".`);
  return parseDuration(text);
}

function listener({ output }: Session): Listener {
  return {
    plan: (plan) => {
      if (isUnchanged(plan)) return;
      output.note('To be done:');
      for (const { title } of [...plan.prepare, ...plan.switchOver].filter(isToDo)) output.note(`  ${title}`);
    },
    step: ({ title, state }) =>
      output.print(state === 'done' ? `${pc.green('done'.padEnd(9))}  ${title}` : `${pc.dim('unchanged')}  ${title}`),
    warning: ({ message, fix }) => output.note(`${pc.yellow('warning')} ${message} ${fix}`),
    note: (text) => output.note(text),
  };
}

function isToDo({ action }: PlannedStep): boolean {
  return action !== null;
}

/** What to store in CI, which knows no `~/.ssh/config` of this machine: where to go, and whom to expect there. */
export function ciLines({ hostname, port, jump }: CiTarget, hostKey: string | null): string[] {
  const name = isIPv6(hostname) ? `[${hostname}]` : hostname;
  return [
    'For CI:',
    `  POINTSMAN_VIA=ssh://${user}@${name}${port === 22 ? '' : `:${port}`}`,
    `  known_hosts: ${hostKey ? `${knownHostsName(hostname, port)} ${hostKey}` : 'the server has no ed25519 host key'}`,
    ...(jump ? [`  It is behind ${jump.address.name}: CI goes there by a ProxyJump of its own ~/.ssh/config.`] : []),
  ];
}

type CiTarget = Pick<SshTarget, 'hostname' | 'port'> & { readonly jump: Pick<SshTarget, 'address'> | null };

function portsText({ openPorts }: HostStatus): string {
  if (openPorts === null) return 'unknown whether other accounts reach Temporal';
  return openPorts.length === 0 ? 'closed to other accounts' : `open to other accounts: ${openPorts.join(', ')}`;
}

function statusLines(status: HostStatus): string[] {
  const { version, previous, units, running, freeBytes, problems } = status;
  return [
    `pointsman   ${version ?? 'not installed'}${previous && previous !== version ? ` (before: ${previous})` : ''}`,
    ...units.map(({ name, active, since }) => `${name}  ${active}${since ? ` since ${since}` : ''}`),
    `Temporal    ${status.temporalAnswers ? 'answers' : 'does not answer'}; ${running ?? 'an unknown number of'} running`,
    `worker      ${status.workerPolls ? 'asks for work' : 'asks for no work'}`,
    `ports       ${portsText(status)}`,
    `disk        ${(freeBytes / 2 ** 30).toFixed(1)} GiB free`,
    ...problems.map((problem) => pc.red(`problem     ${problem}`)),
  ];
}
