import Docker from 'dockerode';
import { execa } from 'execa';
import { CommandError } from '../../src/hosts/command-error.js';
import type { Command, CommandResult, Host, HttpResponse, RunOptions } from '../../src/hosts/host.js';
import { LocalHost } from '../../src/hosts/local-host.js';
import { until } from '../../src/install/until.js';
import { ownName } from './names.js';

const image = 'pointsman-test-server:bookworm-2';
const socket = '/var/run/docker.sock';

/** A container that is a server: systemd is its first process. Commands go through `docker exec`, as root. */
export class ContainerHost implements Host {
  readonly docker = new Docker();
  readonly stateDirectory = '/var/lib/pointsman';
  readonly name: string;
  private readonly local = new LocalHost({ stateDirectory: '/nonexistent' });

  private constructor(name: string) {
    this.name = name;
  }

  /** Boots one. It has the machine's own Docker engine, whose containers it therefore sees. */
  static async boot(): Promise<ContainerHost> {
    const host = new ContainerHost(ownName('pm-server'));
    // What systemd needs of a privileged container, and no more: mounts, for the units' own view of the files. And the
    // packet filter, of its own network.
    const rights = [
      '--cap-add',
      'SYS_ADMIN',
      '--cap-add',
      'NET_ADMIN',
      '--security-opt',
      'seccomp=unconfined',
      '--security-opt',
      'apparmor=unconfined',
    ];
    const mounts = ['--tmpfs', '/run', '--tmpfs', '/tmp', '-v', `${socket}:/run/docker.sock`];
    const start = ['run', '-d', '--rm', '--name', host.name, '--cgroupns', 'private', ...rights, ...mounts, image];
    try {
      await execa('docker', start);
      await host.booted();
    } catch (error) {
      await host[Symbol.asyncDispose]();
      throw new Error('no test server came up; script/setup host-image builds its image', { cause: error });
    }
    return host;
  }

  private async booted(): Promise<void> {
    const up = async (): Promise<boolean> => {
      const { stdout } = await this.tryRun({ argv: ['systemctl', 'is-system-running'] });
      return ['running', 'degraded'].includes(stdout.trim());
    };
    if (!(await until(up, { limitMs: 60_000, everyMs: 200 }))) throw new Error('systemd does not come up');
    // The socket is the machine's; the group that may use it has that machine's number.
    await this.sh('groupmod --non-unique --gid "$(stat -c %g /run/docker.sock)" docker');
  }

  async run(command: Command, options?: RunOptions): Promise<CommandResult> {
    const result = await this.tryRun(command, options);
    if (result.exitCode !== 0) throw new CommandError(result);
    return result;
  }

  async tryRun(command: Command, options?: RunOptions): Promise<CommandResult> {
    const { argv, cwd, env = {}, stdin } = command;
    const variables = Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
    const where = cwd ? ['-w', cwd] : [];
    const input = stdin === undefined ? {} : { stdin };
    const exec = ['docker', 'exec', ...(stdin === undefined ? [] : ['-i']), ...where, ...variables, this.name] as const;
    const result = await this.local.tryRun({ argv: [...exec, ...argv] as [string, ...string[]], ...input }, options);
    return { ...result, command };
  }

  /** Address on Docker's own network, which this machine reaches. */
  async address(): Promise<string> {
    const { NetworkSettings } = await this.docker.getContainer(this.name).inspect();
    const [address] = Object.values(NetworkSettings.Networks).flatMap(({ IPAddress }) => IPAddress || []);
    if (!address) throw new Error(`${this.name} has no address`);
    return address;
  }

  /** Output of a shell line. */
  async sh(script: string): Promise<string> {
    return (await this.run({ argv: ['sh', '-c', script] })).stdout.trim();
  }

  async readFile(path: string): Promise<string | null> {
    const { exitCode } = await this.tryRun({ argv: ['test', '-e', path] });
    return exitCode === 0 ? (await this.run({ argv: ['cat', path] })).stdout : null;
  }

  async writeFile(path: string, content: string, mode = 0o644): Promise<void> {
    const script = 'mkdir -p "$(dirname "$1")"; cat >"$1.tmp"; chmod "$2" "$1.tmp"; mv "$1.tmp" "$1"';
    await this.run({ argv: ['sh', '-ec', script, 'sh', path, mode.toString(8)], stdin: content });
  }

  async freeBytes(path: string): Promise<number> {
    const { stdout } = await this.run({ argv: ['df', '--output=avail', '-B1', path] });
    return Number(stdout.split('\n')[1]);
  }

  request(): Promise<HttpResponse> {
    return Promise.reject(new Error('nobody asks a test server by HTTP'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await execa('docker', ['rm', '--force', '--volumes', this.name], { reject: false });
  }
}
