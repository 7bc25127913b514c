import type { Duplex } from 'node:stream';
import ssh2, { type AnyAuthMethod, type Client, type ClientChannel, type ConnectConfig, type SFTPWrapper } from 'ssh2';
import { Channels } from './channels.js';
import { explainConnectError, explainHostKey } from './connect-error.js';
import { SshError } from './error.js';
import { algorithmsFor, fingerprintOf, judge } from './known-hosts.js';
import type { SshTarget } from './target.js';

/** A command on the host. */
export interface RemoteProcess {
  readonly channel: ClientChannel;
  readonly ended: Promise<ProcessEnd>;
}

/** Both `null`: nobody knows, since the connection broke. */
export interface ProcessEnd {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** Time for TCP, handshake and login together. */
const readyTimeoutMs = 20_000;
/** SSH_OPEN_ADMINISTRATIVELY_PROHIBITED (RFC 4254, 5.1): the host forbids it, whatever is behind. */
const administrativelyProhibited = 1;
/** A host that is gone without a word is noticed after three of these. */
const keepaliveMs = 5000;

/**
 * One connection to a host, kept and shared by all that is done there. It is made when it is needed first, and made
 * anew when it was lost; what was running on it then fails with `lost`.
 */
export class SshConnection {
  readonly target: SshTarget;
  private readonly channels = new Channels();
  private readonly jump: SshConnection | null;
  private current: Promise<Client> | null = null;
  private latest: Client | null = null;
  private closed = false;

  constructor(target: SshTarget) {
    this.target = target;
    this.jump = target.jump ? new SshConnection(target.jump) : null;
  }

  /** Runs a command line in the user's shell. Waits for a free session where the host allows no more of them. */
  async exec(commandLine: string): Promise<RemoteProcess> {
    const [started, release] = await this.session<RemoteProcess>((client, done) =>
      client.exec(commandLine, (error, channel) =>
        // At once: the end of a quick command comes in the same packet as its beginning, and would be missed later.
        error ? done(error) : done(null, { channel, ended: endOf(channel) }),
      ),
    );
    void started.ended.then(release);
    return started;
  }

  async sftp<Result>(work: (sftp: SFTPWrapper) => Promise<Result>): Promise<Result> {
    let lose: (error: Error) => void = () => undefined;
    const lost = new Promise<never>((_, reject) => (lose = reject));
    lost.catch(() => undefined);
    const [sftp, release] = await this.session<SFTPWrapper>((client, done) =>
      client.sftp((error, opened) => {
        if (error) return done(error);
        opened.once('close', () => lose(this.lost())).once('error', (cause: Error) => lose(cause));
        done(null, opened);
      }),
    );
    try {
      return await Promise.race([work(sftp), lost]);
    } finally {
      sftp.end();
      release();
    }
  }

  /** A stream to a TCP port as seen from the host. */
  async dial(host: string, port: number): Promise<Duplex> {
    const client = await this.client();
    return new Promise((resolve, reject) => {
      this.whileConnected(client, () =>
        client.forwardOut('127.0.0.1', 0, host, port, (error, channel) =>
          error ? reject(this.refusedChannel(`${host}:${port}`, error)) : resolve(channel),
        ),
      );
    });
  }

  /** A stream to a Unix socket on the host. */
  async dialSocket(path: string): Promise<Duplex> {
    const client = await this.client();
    return new Promise((resolve, reject) => {
      this.whileConnected(client, () =>
        client.openssh_forwardOutStreamLocal(path, (error, channel) =>
          error ? reject(this.refusedChannel(path, error)) : resolve(channel),
        ),
      );
    });
  }

  /** Error for what was cut off by a connection that broke. */
  lost(): SshError {
    return new SshError('lost', `The connection to ${this.target.address.name} was lost.`);
  }

  /** Ends the connection for good. */
  close(): void {
    this.closed = true;
    const ending = this.current;
    this.current = null;
    void ending?.then(
      (client) => client.end(),
      () => undefined,
    );
    this.jump?.close();
  }

  /** Opens a session and returns what was made of it, with what gives the session back. */
  private async session<Opened>(
    open: (client: Client, done: (error: Error | null, opened?: Opened) => void) => void,
  ): Promise<[Opened, () => void]> {
    const release = await this.channels.take();
    try {
      const client = await this.client();
      const opened = await new Promise<Opened>((resolve, reject) => {
        const lost = (): void => reject(this.lost());
        client.once('close', lost);
        this.whileConnected(client, () =>
          open(client, (error, made) => {
            client.off('close', lost);
            if (error || made === undefined) reject(this.refusedChannel(session, error ?? new Error('nothing')));
            else resolve(made);
          }),
        );
      });
      return [opened, release];
    } catch (error) {
      release();
      throw error;
    }
  }

  /** The library throws where the connection ended, and it was not told yet. */
  private whileConnected(client: Client, ask: () => void): void {
    try {
      ask();
    } catch (cause) {
      client.end();
      this.forget(client);
      throw new SshError('lost', this.lost().message, { cause });
    }
  }

  /** The next question is asked on a new connection; one that was made meanwhile stays. */
  private forget(client: Client): void {
    if (this.latest === client) this.current = null;
  }

  private client(): Promise<Client> {
    if (this.closed) return Promise.reject(new SshError('lost', 'This connection was closed.'));
    this.current ??= this.connect().catch((error: unknown) => {
      this.current = null;
      throw error;
    });
    return this.current;
  }

  private async connect(): Promise<Client> {
    const { target } = this;
    const sock = await this.jump?.dial(target.hostname, target.port);
    return new Promise((resolve, reject) => {
      const client = (this.latest = new ssh2.Client());
      let hostKeyError: SshError | null = null;
      client.once('ready', () => resolve(client));
      // Also after it was ready: then it is followed by `close`, which is what counts.
      client.on('error', (error) => reject(hostKeyError ?? explainConnectError(target, error)));
      client.once('close', () => {
        this.forget(client);
        reject(this.lost());
      });
      client.connect({
        ...connectConfig(target),
        ...(sock ? { sock } : {}),
        hostVerifier: (key: Buffer) => {
          hostKeyError = checkHostKey(target, key);
          return hostKeyError === null;
        },
      });
    });
  }

  /** The host accepts the connection and not what is asked for on it. */
  private refusedChannel(what: string, error: Error): SshError {
    const { name } = this.target.address;
    const reason = error.message.replace(/^\(SSH\) Channel open failure: /, '');
    // The library's words for every question that was open when the connection ended.
    if (reason === 'No response from server') return this.lost();
    const prohibited = (error as { reason?: number }).reason === administrativelyProhibited;
    const fix = prohibited ? ' Its sshd or the key forbids it (AllowTcpForwarding, permitopen).' : '';
    // A port or a socket that is not opened is an answer. A session is not: the host has too many at this moment.
    const passing = what === session ? 'unreachable' : 'unopened';
    return new SshError(prohibited ? 'refused' : passing, `${name} does not open ${what}: ${reason}.${fix}`, {
      cause: error,
    });
  }
}

/** What most of what is asked of a host goes over. */
const session = 'a session';

function connectConfig(target: SshTarget): ConnectConfig {
  const { hostname, port, user, addressFamily, bindAddress, identities, hostKeys } = target;
  const { keys, agentSocket } = identities;
  const algorithms = hostKeys.fingerprint ? null : algorithmsFor(hostKeys.known);
  const authHandler: AnyAuthMethod[] = [
    ...(agentSocket ? [{ type: 'agent' as const, username: user, agent: agentSocket }] : []),
    ...keys.map(({ key }) => ({ type: 'publickey' as const, username: user, key })),
  ];
  return {
    host: hostname,
    port,
    username: user,
    forceIPv4: addressFamily === 'inet',
    forceIPv6: addressFamily === 'inet6',
    ...(bindAddress ? { localAddress: bindAddress } : {}),
    readyTimeout: readyTimeoutMs,
    keepaliveInterval: keepaliveMs,
    keepaliveCountMax: 3,
    ...(algorithms ? { algorithms: { serverHostKey: algorithms as never[] } } : {}),
    authHandler,
  };
}

/** What is wrong with the key that a host shows; `null` when it is the one that is known. */
function checkHostKey(target: SshTarget, key: Buffer): SshError | null {
  const { known, fingerprint } = target.hostKeys;
  if (fingerprint) return fingerprintOf(key) === fingerprint ? null : explainHostKey(target, key, 'changed');
  const verdict = judge(known, key);
  return verdict === 'known' ? null : explainHostKey(target, key, verdict);
}

function endOf(channel: ClientChannel): Promise<ProcessEnd> {
  return new Promise((resolve) => {
    let end: ProcessEnd = { exitCode: null, signal: null };
    channel.once('exit', (code: number | null, signal?: string) => {
      end = { exitCode: code, signal: signal ? signal.replace(/^(?:SIG)?/, 'SIG') : null };
    });
    channel.once('close', () => resolve(end));
  });
}
