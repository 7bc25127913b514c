import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Client, WorkflowHandle } from '@temporalio/client';
import type { LoadOptions, Project } from '../config/load.js';
import type { Host } from '../hosts/host.js';
import { keptHosts } from '../hosts/hosts.js';
import { LocalHost } from '../hosts/local-host.js';
import type { SshConnection } from '../hosts/ssh/connection.js';
import { SshError } from '../hosts/ssh/error.js';
import { parseSshAddress } from '../hosts/ssh/address.js';
import type { SshHost } from '../hosts/ssh/ssh-host.js';
import type { SshTarget } from '../hosts/ssh/target.js';
import { workflowId } from '../model/names.js';
import type { Progress } from '../model/progress.js';
import type { Settings } from '../model/settings.js';
import { ensureUp } from '../temporal/background.js';
import { connectClient } from '../temporal/connection.js';
import { requireStartable, serverListens } from '../temporal/embedded-server.js';
import { whoIsUp } from '../temporal/presence.js';
import { TemporalUnavailableError, type ReachablePlace, type TemporalPlace } from '../temporal/place.js';
import { readKey, type SigningKey } from '../temporal/signing-key.js';
import { keyIn } from '../temporal/worker-key.js';
import type { Tunnel } from '../temporal/tunnel.js';
import type { adopt, backup, deploy, maintenance, recover, restore, rollback } from '../workflows/index.js';
import { progressQuery } from '../workflows/messages.js';
import { readEnvironment, type Environment } from './environment.js';
import { Exit, exitCodes } from './exit-codes.js';
import { terminalOutput, type Output } from './output.js';

/** Options that every command about an environment takes. */
export interface PlaceOptions {
  readonly environment?: string;
  readonly file?: string;
  readonly via?: string;
}

/** How the file is read: as if it were another one, and, for what deploys, held against Compose files that include others. */
export type Reading = Pick<LoadOptions, 'edit' | 'askCompose'>;

/** Whatever runs in an environment: there is one at a time. */
export type RunWorkflow =
  typeof deploy | typeof rollback | typeof backup | typeof restore | typeof recover | typeof maintenance | typeof adopt;
export type RunHandle = WorkflowHandle<RunWorkflow>;

/** Without a worker Temporal keeps a question for half a minute; a person is told sooner. */
export const answerWithinMs = 8000;

/** Where a run is, as its worker tells it. */
export function askProgress(handle: RunHandle): Promise<Progress> {
  return handle.client.withDeadline(Date.now() + answerWithinMs, () => handle.query(progressQuery));
}

/**
 * The run that an environment has now, or had last, by its own id: what is said to it reaches no other one that begins
 * meanwhile.
 */
export async function currentRun(client: Client, settings: Settings): Promise<RunHandle> {
  const id = workflowId(settings);
  const { runId } = await client.workflow.getHandle<RunWorkflow>(id).describe();
  return client.workflow.getHandle<RunWorkflow>(id, runId);
}

/** What a command works with; made on demand, so that `--help` touches nothing. */
export class Session {
  readonly output: Output = terminalOutput();
  readonly environment: Environment = readEnvironment(process.env);
  /** This machine. */
  readonly here = new LocalHost({ stateDirectory: this.environment.stateDirectory });
  private readonly hosts = keptHosts({ local: this.here, ssh: this.environment.ssh });
  private via: string | null = this.environment.via;
  private viaConnection: Promise<SshConnection> | null = null;
  private tunnel: Promise<Tunnel> | null = null;

  /** Reads `pointsman.yml`, and takes note of the machine that Temporal is reached through. */
  async project({ environment, file, via }: PlaceOptions, reading: Reading = {}): Promise<Project> {
    if (via) this.via = via;
    const directory = file ? dirname(resolve(file)) : process.cwd();
    const { loadProject } = await import('../config/load.js');
    return loadProject({
      directory,
      ...(file ? { file: resolve(file) } : {}),
      ...(environment ? { environment } : {}),
      ...reading,
    });
  }

  async settings(options: PlaceOptions): Promise<Settings> {
    return (await this.project(options)).settings;
  }

  /** Where Temporal and the worker are. */
  get place(): TemporalPlace {
    const { via } = this;
    return via ? { kind: 'tunnel', via, port: this.environment.viaPort } : this.environment.temporal;
  }

  /** The machine that the app runs on, as this command reaches it. */
  host({ host }: Settings): Promise<Host> {
    return this.hosts.of(host ?? this.via);
  }

  /** Another machine by its address. */
  async sshHost(url: string): Promise<SshHost> {
    const { SshHost } = await import('../hosts/ssh/ssh-host.js');
    return SshHost.open(url, this.environment.ssh);
  }

  /** The machine that the app runs on, as the worker reaches it: `null` when it is the worker's own. */
  async hostOfWorker({ host }: Settings): Promise<string | null> {
    const { via } = this;
    if (!host || !via) return host ?? null;
    const { sameMachine } = await import('../hosts/ssh/same-machine.js');
    const [app, worker] = await Promise.all([this.target(host), this.target(via)]);
    return sameMachine(app, worker) ? null : host;
  }

  /** The connection to the machine that Temporal is reached through. */
  connectionVia(via: string): Promise<SshConnection> {
    this.viaConnection ??= this.connect(via);
    return this.viaConnection;
  }

  private async connect(via: string): Promise<SshConnection> {
    const { SshConnection } = await import('../hosts/ssh/connection.js');
    return new SshConnection(await this.target(via));
  }

  private async target(url: string): Promise<SshTarget> {
    const { resolveTarget } = await import('../hosts/ssh/target.js');
    return resolveTarget(parseSshAddress(url), this.environment.ssh);
  }

  /** Connects; the embedded server and a worker are started in the background when they do not run. */
  async client(): Promise<Client> {
    await this.revive();
    return connectClient(await this.reachable(), () => this.signingKey());
  }

  /** Connects where Temporal answers by itself, and starts nothing. */
  async clientIfUp(): Promise<Client | null> {
    const { place } = this;
    if (place.kind === 'embedded' && !serverListens(place)) return null;
    try {
      return await connectClient(await this.reachable(), () => this.signingKey());
    } catch (error) {
      if (error instanceof TemporalUnavailableError || error instanceof Exit) return null;
      throw error;
    }
  }

  /**
   * As {@link clientIfUp}, for a command that says what a deploy would come to: `null` only where our own server does not run
   * and could be started.
   *
   * @throws {TemporalUnavailableError | Exit | SshError} as a deploy would, which could not begin.
   */
  async clientOfDeploy(): Promise<Client | null> {
    const { place } = this;
    if (place.kind === 'embedded' && !serverListens(place)) {
      if (!(await whoIsUp(place.stateDirectory))) await requireStartable(place);
      return null;
    }
    return connectClient(await this.reachable());
  }

  /**
   * Brings our own server and worker back when they were killed; an external Temporal is only waited for. Does not
   * ask whether the server answers already: whoever follows a deploy asks that again and again by itself.
   */
  async revive(): Promise<void> {
    const { place } = this;
    if (place.kind !== 'embedded') return;
    const started = await ensureUp(place, upCommand(['--idle-exit', '15']));
    const ui = `http://127.0.0.1:${place.uiPort}`;
    if (started) this.output.note(`started Temporal and a worker in the background (UI: ${ui}; stop: pointsman down)`);
  }

  handle(client: Client, settings: Settings): RunHandle {
    return client.workflow.getHandle<RunWorkflow>(workflowId(settings));
  }

  /** Link to a run in the Temporal UI; `null` when only the operator of an external one knows it. */
  link(workflow: string, run: string): string | null {
    const { place } = this;
    if (place.kind !== 'embedded') return null;
    return `http://127.0.0.1:${place.uiPort}/namespaces/default/workflows/${encodeURIComponent(workflow)}/${run}`;
  }

  /** What this command signs with; `null` where there is no key, or it is not for us. */
  private async signingKey(): Promise<SigningKey | null> {
    const { place, environment } = this;
    if (place.kind === 'embedded') return readKey(place.stateDirectory);
    if (place.kind === 'external')
      return environment.signingKeyFile === null ? null : keyIn(environment.signingKeyFile);
    const { keyThrough } = await import('./signing-key-through.js');
    return keyThrough(await this.connectionVia(place.via), place.via);
  }

  private async reachable(): Promise<ReachablePlace> {
    const { place } = this;
    if (place.kind !== 'tunnel') return place;
    this.tunnel ??= this.openTunnel(place.via, place.port);
    return { kind: 'forwarded', port: (await this.tunnel).port };
  }

  private async openTunnel(via: string, port: number): Promise<Tunnel> {
    const connection = await this.connectionVia(via);
    const { Tunnel } = await import('../temporal/tunnel.js');
    try {
      return await Tunnel.open(connection, port);
    } catch (error) {
      // The host was reached: what does not answer is Temporal there.
      if (!(error instanceof SshError) || error.problem !== 'unopened') throw error;
      const message = `${error.message}\nTemporal is expected there on port ${port}: is it up (pointsman host status ${via})?`;
      throw new Exit(exitCodes.unavailable, message);
    }
  }
}

/** This very program, as the background process runs it: built, or from source. */
function upCommand(options: readonly string[]): [string, ...string[]] {
  const built = fileURLToPath(new URL('./main.js', import.meta.url));
  const program = existsSync(built)
    ? [built]
    : ['--import', 'tsx', fileURLToPath(new URL('./main.ts', import.meta.url))];
  return [process.execPath, ...program, 'up', ...options];
}
