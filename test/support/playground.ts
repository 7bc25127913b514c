import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import Docker from 'dockerode';
import { execa } from 'execa';
import { parseDocument } from 'yaml';
import { stopServer } from '../../src/temporal/embedded-server.js';
import { whoIsUp } from '../../src/temporal/presence.js';
import { findContainer, type ContainerState } from '../../src/docker/container.js';
import { withCheapHealthChecks } from './cheap-health-check.js';
import { freePort } from './free-port.js';
import { ownName } from './names.js';
import { RunWatch } from './run-watch.js';
import { noteCommand } from './transcript.js';
import { pythonInVolume } from './volume-python.js';
import { main, remoteHost, type PlaygroundKind, type RemoteHost } from './remote-host.js';
import type { SshServer } from './ssh-server.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

export type { PlaygroundKind };

/**
 * Repository of the images that end-to-end tests deploy; built once by the global set-up, which removes them in the
 * end: what runs beside the tests needs another name.
 */
export const imageRepository = process.env['POINTSMAN_TEST_IMAGES'] ?? 'pointsman-e2e';

/** In the volume: while it is there, `v2` and `v3` are not healthy. */
export const holdFile = 'hold-slots';

export interface Ran {
  readonly code: number;
  readonly out: string;
}

export interface Identity {
  readonly id: string;
  readonly startedAt: string;
}

export interface PlaygroundOptions {
  /** Directory to use instead of a temporary one; it must not exist yet. */
  readonly at?: string;
  /** Default: `local`. */
  readonly kind?: PlaygroundKind;
  /** Whether the health check is the example's own, as a user has it. Default: no, see {@link withCheapHealthChecks}. */
  readonly asWritten?: boolean;
}

/** A copy of the example app with a Compose project, a Temporal server and ports of its own; gone when disposed. */
export class Playground {
  readonly docker = new Docker();
  readonly project: string;
  readonly directory: string;
  readonly home: string;
  readonly port: number;
  readonly temporalPort: number;
  readonly uiPort: number;
  /** The program that whoever deploys has: this build, until a test upgrades it. */
  program = main;
  /** Variables of whoever deploys. */
  readonly environment: Record<string, string>;
  readonly runs: RunWatch;

  /** Set when the app runs on a host that is reached over SSH. */
  readonly ssh: SshServer | null;
  /** Variables of every process on that host. */
  readonly hostEnvironment: Readonly<Record<string, string>>;
  private readonly worksThere: boolean;

  private constructor(
    directory: string,
    project: string,
    ports: readonly [number, number, number],
    remote: RemoteHost | null,
  ) {
    this.ssh = remote?.ssh ?? null;
    this.hostEnvironment = remote?.hostEnvironment ?? {};
    this.worksThere = remote?.worksThere ?? false;
    this.directory = directory;
    this.project = project;
    this.home = join(directory, '.state');
    [this.port, this.temporalPort, this.uiPort] = ports;
    this.runs = new RunWatch(this.temporalPort, `${project}/demo`);
    this.environment = {
      POINTSMAN_HOME: this.home,
      POINTSMAN_TEMPORAL_PORT: String(ports[1]),
      POINTSMAN_UI_PORT: String(ports[2]),
      ROUTER_PORT: String(ports[0]),
      CI: '1',
      ...remote?.environment,
    };
  }

  static async create({ at, kind = 'local', asWritten = false }: PlaygroundOptions = {}): Promise<Playground> {
    const directory = at ?? (await mkdtemp(join(tmpdir(), 'pointsman-e2e-')));
    if (at) await mkdir(at);
    await cp(join(root, 'examples/notes'), directory, { recursive: true });
    const project = ownName('e2e');
    const ports = [await freePort(), await freePort(), await freePort()] as const;
    const remote = kind === 'local' ? null : await remoteHost(directory, kind, ports);
    const playground = new Playground(directory, project, ports, remote);
    await playground.edit('pointsman.yml', (text) =>
      text
        .replace('project: notes', `project: ${project}`)
        .replace('image: notes:', `image: ${imageRepository}:`)
        .replace('demo: { ', kind === 'ssh' && remote ? `demo: { hosts: ["${remote.ssh.url}"], ` : 'demo: { '),
    );
    if (!asWritten) {
      for (const file of ['compose.yml', 'compose.demo.yml']) await playground.edit(file, withCheapHealthChecks);
    }
    await playground.database({});
    if (playground.worksThere) await playground.bringUp();
    return playground;
  }

  /** What the environment does about its database, beyond where it is; in place of what the example does. */
  async database(keys: Readonly<Record<string, unknown>>): Promise<void> {
    await this.edit('pointsman.yml', (text) => {
      const file = parseDocument(text);
      file.set('database', { path: '/app/data/app.db', volume: 'app-data', ...keys });
      return file.toString();
    });
  }

  /** How releases reach their users from now on; what is not named is off. */
  async configure(keys: Readonly<{ canary?: unknown; bake?: unknown; approval?: unknown }>): Promise<void> {
    await this.edit('pointsman.yml', (text) => {
      const file = parseDocument(text);
      for (const key of ['canary', 'bake', 'approval'] as const) {
        if (key in keys) file.set(key, keys[key]);
        else file.delete(key);
      }
      return file.toString();
    });
  }

  /** Where pointsman keeps its state on the machine that the app runs on. */
  get hostState(): string {
    return this.hostEnvironment['POINTSMAN_HOME'] ?? this.home;
  }

  /** Temporal and a worker on the host itself, as a supervisor would start them. */
  async bringUp(): Promise<void> {
    const child = execa(process.execPath, [main, 'up'], { env: this.hostEnvironment, reject: false, all: true });
    while (!(await whoIsUp(this.hostState))?.ready) {
      if (child.exitCode !== null && child.exitCode !== undefined) throw new Error((await child).all);
      await sleep(50);
    }
  }

  /** Ends Temporal and the worker, wherever they run, as `pointsman down` does. */
  private async bringDown(): Promise<void> {
    const stateDirectory = this.worksThere ? this.hostState : this.home;
    const up = await whoIsUp(stateDirectory);
    if (up) process.kill(up.pid, 'SIGTERM');
    while (await whoIsUp(stateDirectory)) await sleep(50);
    await stopServer({ kind: 'embedded', stateDirectory, port: this.temporalPort, uiPort: this.uiPort, cli: '' });
  }

  async edit(file: string, change: (text: string) => string): Promise<void> {
    const path = join(this.directory, file);
    await writeFile(path, change(await readFile(path, 'utf8')));
  }

  /** Starts a pointsman command, as a user in the project's directory would. */
  start(...args: string[]) {
    const child = execa(process.execPath, [this.program, ...args], {
      cwd: this.directory,
      env: this.environment,
      reject: false,
      all: true,
    });
    noteCommand(`pointsman ${args.join(' ')}`, child);
    return child;
  }

  async run(...args: string[]): Promise<Ran> {
    const { exitCode, all } = await this.start(...args);
    return { code: exitCode ?? -1, out: all };
  }

  /** {@link RunWatch.untilRunning} */
  untilRunning(step: string): Promise<void> {
    return this.runs.untilRunning(step);
  }

  deploy(release: string): Promise<Ran> {
    return this.run('deploy', '-e', 'demo', '--release', release);
  }

  /**
   * `v2` and `v3` do not become healthy until {@link letSlotsGo}: a command that is to come while a deploy runs comes in
   * time, however slow the machine is. The project must have been deployed before.
   */
  async holdSlots(): Promise<void> {
    await this.python(`open(${JSON.stringify(holdFile)}, 'w').close()`);
  }

  async letSlotsGo(): Promise<void> {
    await this.python(`os.remove(${JSON.stringify(holdFile)})`);
  }

  /** What is live: what the router says that it serves. Where none answers, as `pointsman status` tells it. */
  async live(): Promise<{ slot: string; release: string | null } | null> {
    const answer = await fetch(`http://127.0.0.1:${this.port}/__pointsman`).catch(() => null);
    if (answer?.ok) {
      const { slot, release } = (await answer.json()) as { slot: string | null; release: string | null };
      return slot === null ? null : { slot, release };
    }
    const { stdout } = await this.start('status', '-e', 'demo', '--json');
    return (JSON.parse(stdout) as { live: { slot: string; release: string | null } | null }).live;
  }

  container(service: string): Promise<ContainerState | null> {
    return findContainer(this.docker, this.project, service);
  }

  /** Containers that must be the same before and after any deploy. */
  async identities(): Promise<Record<string, Identity>> {
    const found = await Promise.all(['router', 'litestream'].map((name) => this.container(name)));
    const [router, litestream] = found.map((state) => ({ id: state?.id ?? '', startedAt: state?.startedAt ?? '' }));
    return { router: router as Identity, litestream: litestream as Identity };
  }

  /** Runs Python inside the live volume, with `db` open on a file of it. */
  python(code: string, file = 'app.db'): Promise<string> {
    return pythonInVolume(this.docker, this.project, { code, file });
  }

  /** Ids of all notes in a database file of the volume. */
  async notes(file = 'app.db'): Promise<Set<string>> {
    const ids = await this.python('print(json.dumps([i for (i,) in db.execute("SELECT id FROM notes")]))', file);
    return new Set(JSON.parse(ids) as string[]);
  }

  async files(): Promise<string[]> {
    return JSON.parse(await this.python('print(json.dumps(sorted(os.listdir("."))))')) as string[];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.bringDown();
    const files = ['-f', 'compose.yml', '-f', 'compose.demo.yml', '--env-file', '.env.demo'];
    await execa('docker', ['compose', '-p', this.project, ...files, '--profile', '*', 'down', '-v', '--timeout', '2'], {
      cwd: this.directory,
      env: { ROUTER_PORT: String(this.port) },
    });
    await this.ssh?.[Symbol.asyncDispose]();
    // A job that outlives whoever asked for it may still write its last words there.
    await rm(this.directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}
