import { spawn, type ChildProcess } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import type { SshEnvironment } from '../../src/hosts/ssh/environment.js';
import { freePort } from './free-port.js';

export interface SshServerOptions {
  /** Lines of sshd_config. */
  readonly config?: readonly string[];
  /** Before the key, in authorized_keys. */
  readonly keyOptions?: string;
  /** Set for every session, as the host's own environment. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** A real sshd on a port of its own, with keys of its own, for the user that runs the tests. */
export class SshServer {
  readonly directory: string;
  readonly port: number;
  private readonly options: SshServerOptions;
  private process: ChildProcess | null = null;

  private constructor(directory: string, port: number, options: SshServerOptions) {
    this.directory = directory;
    this.port = port;
    this.options = options;
  }

  static async start(options: SshServerOptions = {}): Promise<SshServer> {
    const directory = await mkdtemp(join(tmpdir(), 'pointsman-sshd-'));
    const server = new SshServer(directory, await freePort(), options);
    await mkdir('/run/sshd', { recursive: true });
    await makeKey(join(directory, 'host_key'));
    await makeKey(join(directory, 'client_key'));
    await server.allow(options.keyOptions ?? '');
    await server.up();
    return server;
  }

  get url(): string {
    return `ssh://${userInfo().username}@127.0.0.1:${this.port}`;
  }

  get keyFile(): string {
    return join(this.directory, 'client_key');
  }

  /** A private key that the server knows. */
  key(): Promise<string> {
    return readFile(this.keyFile, 'utf8');
  }

  /** The line that known_hosts needs. */
  async knownHosts(): Promise<string> {
    const [type, key] = (await readFile(join(this.directory, 'host_key.pub'), 'utf8')).split(' ');
    return `[127.0.0.1]:${this.port} ${type} ${key}\n`;
  }

  /** What a client needs to get in. */
  async environment(changes: Partial<SshEnvironment> = {}): Promise<SshEnvironment> {
    const [key, knownHosts] = await Promise.all([this.key(), this.knownHosts()]);
    const home = this.directory;
    return { home, user: userInfo().username, agentSocket: null, key, passphrase: null, knownHosts, ...changes };
  }

  /** The same as variables of a process. */
  async variables(): Promise<Record<string, string>> {
    return { POINTSMAN_SSH_KEY: await this.key(), POINTSMAN_KNOWN_HOSTS: await this.knownHosts() };
  }

  /** Lets the client's key in, with these options of authorized_keys. */
  async allow(keyOptions: string): Promise<void> {
    const line = `${keyOptions} ${await readFile(`${this.keyFile}.pub`, 'utf8')}`.trimStart();
    await writeFile(join(this.directory, 'authorized_keys'), line, { mode: 0o600 });
  }

  async up(): Promise<void> {
    const set = Object.entries(this.options.environment ?? {}).map(([name, value]) => `"${name}=${value}"`);
    const config = [
      `Port ${this.port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${join(this.directory, 'host_key')}`,
      `AuthorizedKeysFile ${join(this.directory, 'authorized_keys')}`,
      'PermitRootLogin prohibit-password',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'StrictModes no',
      'UsePAM no',
      'PidFile none',
      'Subsystem sftp internal-sftp',
      ...(set.length > 0 ? [`SetEnv ${set.join(' ')}`] : []),
      ...(this.options.config ?? []),
    ];
    const file = join(this.directory, 'sshd_config');
    await writeFile(file, `${config.join('\n')}\n`);
    const child = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    this.process = child;
    while (!(await listens(this.port))) {
      if (child.exitCode !== null) throw new Error(`sshd did not start:\n${said}`);
      await sleep(20);
    }
  }

  /** Breaks every connection that there is, without a word; new ones are accepted again at once. */
  async cut(): Promise<void> {
    (await this.sessions()).forEach(killIfThere);
  }

  /** Ends the server and every connection; nothing listens until `up`. */
  async down(): Promise<void> {
    const child = this.process;
    this.process = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const sessions = await this.sessions();
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    sessions.forEach(killIfThere);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down();
    await rm(this.directory, { recursive: true, force: true });
  }

  /** The processes that serve a connection each: children of the one that listens, and theirs that are sshd too. */
  private async sessions(): Promise<number[]> {
    const { stdout } = await execa('ps', ['-e', '-o', 'pid=,ppid=,comm=']);
    const all = stdout.split('\n').map((line) => line.trim().split(/\s+/));
    const below = (parent: number): number[] =>
      all
        .filter(([, ppid, comm]) => Number(ppid) === parent && comm?.startsWith('sshd'))
        .flatMap(([pid]) => [Number(pid), ...below(Number(pid))]);
    return this.process?.pid ? below(this.process.pid) : [];
  }
}

/** It may end by itself in the same moment. */
function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** @param passphrase locks it. */
export async function makeKey(path: string, passphrase = ''): Promise<void> {
  await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', passphrase, '-C', 'test', '-f', path]);
  await chmod(path, 0o600);
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    socket.once('connect', () => void (socket.destroy(), resolve(true))).once('error', () => resolve(false));
  });
}
