import Docker from 'dockerode';
import { CommandError } from '../command-error.js';
import type { Command, CommandResult, Host, HttpRequest, HttpResponse, RunOptions } from '../host.js';
import { requestThrough } from '../http-request.js';
import { asJob } from '../job.js';
import { parseSshAddress } from './address.js';
import { ChannelAgent, SecureChannelAgent } from './channel-agent.js';
import { SshConnection } from './connection.js';
import type { SshEnvironment } from './environment.js';
import { SshError } from './error.js';
import { freeBytes, readFile, writeFile } from './files.js';
import { runOver } from './remote-command.js';
import { resolveTarget } from './target.js';

/** Asked once per connection: who we are there, where its state and its Docker engine are. */
const questions = `
[ ! -r /etc/pointsman/environment ] || . /etc/pointsman/environment
printf 'pointsman-%s:%s\\n' uid "$(id -u)" home "$HOME" state "\${POINTSMAN_HOME:-}"
printf 'pointsman-engine:%s\\n' "\${DOCKER_HOST:-$(docker context inspect --format '{{.Endpoints.docker.Host}}' 2>/dev/null)}"
`;

const usualSocket = '/var/run/docker.sock';

/** A machine that is reached over SSH, on one connection. */
export class SshHost implements Host {
  readonly name: string;
  readonly docker: Docker;
  readonly stateDirectory: string;
  readonly connection: SshConnection;

  private constructor(connection: SshConnection, { stateDirectory, socket }: RemoteFacts) {
    this.connection = connection;
    this.name = connection.target.address.name;
    this.stateDirectory = stateDirectory;
    const agent = new ChannelAgent(() => connection.dialSocket(socket));
    // The library's types want a host that is a name; every connection is made by the agent.
    this.docker = new Docker({ protocol: 'http', host: 'http://docker', port: 80, agent } as Docker.DockerOptions);
  }

  /**
   * Connects and looks around.
   *
   * @param url `ssh://user@host:port`; user and port may be left to `~/.ssh/config`.
   * @throws {SshError} with what is wrong and what to do next.
   */
  static async open(url: string, environment: SshEnvironment): Promise<SshHost> {
    const connection = new SshConnection(await resolveTarget(parseSshAddress(url), environment));
    try {
      return new SshHost(connection, await lookAround(connection));
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  async run(command: Command, options?: RunOptions): Promise<CommandResult> {
    const result = await this.tryRun(command, options);
    if (result.exitCode !== 0) throw new CommandError(result);
    return result;
  }

  async tryRun(command: Command, options: RunOptions = {}): Promise<CommandResult> {
    const isJob = command.job !== undefined;
    const result = await runOver(this.connection, asJob(command, this.stateDirectory), { ...options, isJob });
    return { ...result, command };
  }

  readFile(path: string): Promise<string | null> {
    return this.connection.sftp((sftp) => readFile(sftp, path));
  }

  writeFile(path: string, content: string, mode = 0o644): Promise<void> {
    return this.connection.sftp((sftp) => writeFile(sftp, path, { content, mode }));
  }

  freeBytes(path: string): Promise<number> {
    return this.connection.sftp((sftp) => freeBytes(sftp, path));
  }

  request(request: HttpRequest): Promise<HttpResponse> {
    const dial = () => this.connection.dial(request.host, request.port);
    return requestThrough(
      request.tlsName === undefined ? new ChannelAgent(dial) : new SecureChannelAgent(dial),
      request,
    );
  }

  /** Ends the connection; the host cannot be used after that. */
  close(): void {
    this.connection.close();
  }
}

interface RemoteFacts {
  readonly stateDirectory: string;
  /** Of the Docker engine that the user's `docker` talks to. */
  readonly socket: string;
}

async function lookAround(connection: SshConnection): Promise<RemoteFacts> {
  const { name } = connection.target.address;
  const result = await runOver(connection, { argv: ['sh', '-c', questions] }, { timeoutMs: 30_000 });
  // Among whatever a login prints there.
  const answer = (name: string): string =>
    new RegExp(`^pointsman-${name}:(.*)$`, 'm').exec(result.stdout)?.[1]?.trim() ?? '';
  const [uid = '', home = '', state = '', engine = ''] = ['uid', 'home', 'state', 'engine'].map(answer);
  if (!/^\d+$/.test(uid) || !home) {
    const said = (result.stderr || result.stdout).trim().split('\n').slice(-3).join('\n');
    throw new SshError('refused', `${name} lets us in and runs no commands for us: ${said || 'it said nothing'}`);
  }
  if (engine && !engine.startsWith('unix://')) {
    throw new SshError(
      'refused',
      `The Docker engine of ${name} is at ${engine}: only one on the host itself can be used.`,
    );
  }
  const socket = engine.replace(/^unix:\/\//, '') || usualSocket;
  return { stateDirectory: state || (uid === '0' ? '/var/lib/pointsman' : `${home}/.local/state/pointsman`), socket };
}
