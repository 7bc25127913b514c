import { Command, InvalidArgumentError, Option, type CommanderError } from 'commander';
import { ciKinds } from '../config/init-ci.js';
import type { InitOptions } from '../config/init.js';
import { slots } from '../model/slot.js';
import type { CheckOptions } from './commands/check.js';
import type { DeployOptions } from './commands/deploy.js';
import type { DrillOptions } from './commands/drill.js';
import type { HistoryOptions } from './commands/history.js';
import type {
  HostInstallOptions,
  HostStatusOptions,
  HostUninstallOptions,
  HostUpgradeOptions,
} from './commands/host.js';
import type { LogsOptions } from './commands/logs.js';
import type { SshGateOptions } from './commands/ssh-gate.js';
import type { StatusOptions } from './commands/status.js';
import type { UpOptions } from './commands/up.js';
import { addAdopt } from './adopt-command.js';
import { addControlling } from './control-commands.js';
import { addDatabase } from './database-commands.js';
import { Exit, exitCodes, type ExitCode } from './exit-codes.js';
import { writeError, writeOut } from './output.js';
import type { Session } from './session.js';

/** Runs a command and keeps its exit code. Each is loaded when it is asked for, so `--help` connects to nothing. */
type Run = (act: (session: Session) => Promise<ExitCode>) => Promise<void>;

const codes = Object.entries(exitCodes).map(([name, code]) => `  ${String(code).padStart(3)}  ${name}`);

export function createProgram(run: Run, version: string): Command {
  const program = new Command('pointsman')
    .description('Durable blue-green deploys for Docker Compose apps on your own servers.')
    .version(version)
    // Before the commands are added: they inherit it then, and only then.
    .exitOverride(endParsing)
    .configureOutput({ writeOut, writeErr: writeError })
    .addHelpText('after', `\nExit codes:\n${codes.join('\n')}`);
  addDeploying(program, run);
  addAdopt(program, { run, placed });
  addControlling(program, { run, placed });
  addLooking(program, run);
  addDatabase(program, { run, placed });
  addDrill(program, run);
  addRunning(program, run);
  addHosts(program, run);
  return program;
}

/** Help and version succeed; everything else that ends the parsing is a usage error, explained already. */
function endParsing({ exitCode }: CommanderError): never {
  throw new Exit(exitCode === 0 ? exitCodes.succeeded : exitCodes.usage);
}

function wholeNumber(text: string): string {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('It must be a whole number above 0.');
  return text;
}

function placed(program: Command, name: string): Command {
  return program
    .command(name)
    .option('-e, --environment <name>', 'environment of pointsman.yml (default: the only one)')
    .option('-f, --file <path>', 'configuration file (default: pointsman.yml in this directory)')
    .option('--via <address>', 'machine that Temporal is reached through: ssh://user@host (default: POINTSMAN_VIA)');
}

/** For what sends a release to another machine. */
function shipping(command: Command): Command {
  return command
    .option('--env <name>', "variable that goes into the app's .env on another machine; repeatable", collect)
    .option('--registry <server>', 'registry that the other machine logs in to while it fetches the image')
    .option('--registry-user <name>', 'variable that holds the user')
    .option('--registry-password <name>', 'variable that holds the password');
}

function addDeploying(program: Command, run: Run): void {
  shipping(
    placed(program, 'deploy')
      .description('deploy a release into the idle slot and switch to it; undone as a whole if a step fails')
      .option('-r, --release <id>', 'release to deploy (default: the commit of the CI job or the checkout)')
      .option('--reason <text>', 'why, for the history')
      .option('--detach', 'start it and do not follow it')
      .option('--queue', 'while another run has the environment, wait in line and then start')
      .addOption(
        new Option('--supersede', 'cancel the deploy that runs, wait until it is undone, and then start').conflicts(
          'queue',
        ),
      )
      .option('-y, --yes', 'approve it beforehand: nobody is waited for')
      .addOption(
        new Option('--plan', 'only say what would happen: start nothing and change nothing').conflicts([
          'detach',
          'queue',
          'supersede',
        ]),
      )
      .option('--rehearse', 'with --plan: run the migrations on a copy, to say how long the real ones will take')
      .option('--json', 'one JSON object per line'),
  ).action((options: DeployOptions) =>
    run(async (session) => (await import('./commands/deploy.js')).deployCommand(session, options)),
  );
}

function addLooking(program: Command, run: Run): void {
  placed(program, 'status')
    .description('what is live, what runs, what came last')
    .option('--json', 'as one JSON object')
    .action((options: StatusOptions) =>
      run(async (session) => (await import('./commands/status.js')).statusCommand(session, options)),
    );
  placed(program, 'history')
    .description('the releases of this host and how they ended, newest first')
    .option('-n, --number <count>', 'how many', wholeNumber, '20')
    .option('--json', 'as one JSON array')
    .action((options: HistoryOptions) =>
      run(async (session) => (await import('./commands/history.js')).historyCommand(session, options)),
    );
  placed(program, 'logs')
    .description('the last lines of the live slot, the router and litestream, each apart')
    .addOption(new Option('--slot <slot>', 'blue or green (default: the live one)').choices(slots))
    .option('-n, --lines <count>', 'lines of each (default: logs in pointsman.yml)', wholeNumber)
    .action((options: LogsOptions) =>
      run(async (session) => (await import('./commands/logs.js')).logsCommand(session, options)),
    );
  shipping(
    placed(program, 'check')
      .description('preflight alone: all that a deploy would stumble over, without touching anything')
      .option('-r, --release <id>', 'look for this release’s image too')
      .option('--json', 'as one JSON object'),
  ).action((options: CheckOptions) =>
    run(async (session) => (await import('./commands/check.js')).checkCommand(session, options)),
  );
}

function addDrill(program: Command, run: Run): void {
  placed(program, 'drill')
    .description('restore the newest replica beside the app, check it and try the live release on it')
    .option('--reason <text>', 'why, for the history')
    .option('--last', 'show what the last drill found, and run none')
    .option('--json', 'one JSON object per line')
    .action((options: DrillOptions) =>
      run(async (session) => (await import('./commands/drill.js')).drillCommand(session, options)),
    );
}

function addRunning(program: Command, run: Run): void {
  program
    .command('up')
    .description('Temporal and a worker on this machine, in the foreground')
    .option('--idle-exit <minutes>', 'end after this long without a running deploy', wholeNumber)
    .action((options: UpOptions) =>
      run(async (session) => (await import('./commands/up.js')).upCommand(session, options)),
    );
  program
    .command('down')
    .description('stop Temporal and the worker that run in the background')
    .action(() => run(async (session) => (await import('./commands/up.js')).downCommand(session)));
  program
    .command('worker')
    .description('a worker for the Temporal server of TEMPORAL_ADDRESS or temporal.toml')
    .action(() => run(async (session) => (await import('./commands/up.js')).workerCommand(session)));
  program
    .command('receive')
    .description('take a release from standard input; the other end of a deploy over SSH')
    .action(() => run(async (session) => (await import('./commands/receive.js')).receiveCommand(session)));
  program
    .command('signing-key')
    .description('print the key that requests to the worker of this machine are signed with; a secret')
    .action(() => run(async (session) => (await import('./commands/signing-key.js')).signingKeyCommand(session)));
  program
    .command('ssh-gate')
    .description('forced command for a key in authorized_keys: the tunnel to Temporal, and nothing else')
    .option('--ship', 'releases may be sent too')
    .action((options: SshGateOptions) =>
      run(async (session) => (await import('./commands/ssh-gate.js')).sshGateCommand(session, options)),
    );
  program
    .command('init')
    .description('write pointsman.yml and what goes with it into this directory; overwrites nothing')
    .addOption(new Option('--ci <kind>', 'also write what CI runs: tests, build, deploy, rollback').choices(ciKinds))
    .action((options: InitOptions) =>
      run(async (session) => (await import('./commands/init.js')).initCommand(session, options)),
    );
}

function addHosts(program: Command, run: Run): void {
  const host = program.command('host').description('set up servers over SSH, so that CI needs nothing but SSH');
  const temporal = [
    '--temporal <file>',
    'Temporal CLI to ship (default: the server’s own, a download, or this machine’s)',
  ] as const;
  host
    .command('install <url>')
    .description('bring pointsman, Temporal and a worker to ssh://root@server; run again, it mends what is not right')
    .option(
      '-k, --key <file>',
      'public key for CI: may reach Temporal and ship releases, nothing else (repeatable)',
      collect,
    )
    .option(...temporal)
    .option('--no-start', 'put everything in place and start nothing')
    .action((url: string, options: HostInstallOptions) =>
      run(async (session) => (await import('./commands/host.js')).hostInstallCommand(session, url, options)),
    );
  host
    .command('status <url>')
    .description('version, units, Temporal, running deploys and disk of a server')
    .option('--json', 'as one JSON object')
    .action((url: string, options: HostStatusOptions) =>
      run(async (session) => (await import('./commands/host.js')).hostStatusCommand(session, url, options)),
    );
  host
    .command('upgrade <url>')
    .description('bring this version; switch to it once no deploy runs, and back if its worker does not come up')
    .option('--wait <duration>', 'how long to wait for running deploys; 0 does not wait', '30m')
    .option(...temporal)
    .option('--back', 'go back to the version before')
    .action((url: string, options: HostUpgradeOptions) =>
      run(async (session) => (await import('./commands/host.js')).hostUpgradeCommand(session, url, options)),
    );
  host
    .command('uninstall <url>')
    .description('take away what install brought; state and settings stay')
    .option('--purge', 'state, settings and the user too')
    .option('--force', 'also while a deploy runs')
    .action((url: string, options: HostUninstallOptions) =>
      run(async (session) => (await import('./commands/host.js')).hostUninstallCommand(session, url, options)),
    );
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}
