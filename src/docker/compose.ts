import { join, resolve } from 'node:path';
import { CommandError } from '../hosts/command-error.js';
import { isKeptOut, overtaken, OvertakenError } from '../hosts/fence.js';
import type { Command, Host, RunOptions } from '../hosts/host.js';
import type { Settings } from '../model/settings.js';
import * as commands from './compose-command.js';
import { withoutSecrets, type ProjectFiles } from './compose-words.js';
import { findContainer, type ContainerState } from './container.js';
import { envFilePath } from './env-file.js';
import { saidOf } from './known-config.js';
import { variablesOf } from './service-copy.js';
import { environmentDirectory, slotsEnvPath, slotVariables, type SlotImages } from './slots-env.js';

/** The part of `docker compose config` that pointsman reads. */
export interface ComposeConfig {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes?: Readonly<Record<string, { readonly name: string }>>;
  readonly networks?: Readonly<Record<string, { readonly name: string }>>;
  readonly configs?: Readonly<Record<string, { readonly file?: string }>>;
  readonly secrets?: Readonly<Record<string, { readonly file?: string }>>;
}

export interface ComposeService {
  readonly image?: string;
  readonly build?: unknown;
  readonly profiles?: readonly string[];
  /** `no`, `always`, `unless-stopped`, `on-failure` or `on-failure:3`. */
  readonly restart?: string;
  readonly healthcheck?: {
    readonly test?: readonly string[];
    readonly disable?: boolean;
    readonly interval?: string;
    readonly timeout?: string;
    readonly start_period?: string;
    readonly start_interval?: string;
    readonly retries?: number;
  };
  /** With every `$` doubled; `null` where a variable has no value. */
  readonly environment?: Readonly<Record<string, string | null>>;
  readonly entrypoint?: readonly string[] | null;
  readonly command?: readonly string[] | null;
  readonly user?: string;
  readonly working_dir?: string;
  readonly init?: boolean;
  readonly tmpfs?: readonly string[];
  readonly network_mode?: string;
  readonly networks?: Readonly<Record<string, unknown>> | null;
  readonly configs?: readonly ComposeFileMount[];
  readonly secrets?: readonly ComposeFileMount[];
  readonly volumes?: readonly ComposeMount[];
  /** Bytes, as text. */
  readonly mem_limit?: string;
  readonly cpus?: number;
  readonly scale?: number;
  /** Commands that Compose runs in a container that it has started. */
  readonly post_start?: readonly unknown[] | null;
  readonly deploy?: {
    readonly replicas?: number;
    readonly resources?: { readonly limits?: { readonly memory?: string; readonly cpus?: number } };
  };
  readonly depends_on?: Readonly<Record<string, unknown>>;
  /** `35s`, `1m10s`. */
  readonly stop_grace_period?: string;
}

/** Without a profile: a service that every slot shares and that no deploy stops. */
export function isShared({ profiles }: ComposeService): boolean {
  return (profiles ?? []).length === 0;
}

/** Services without a profile: router, litestream and what else stays up through every deploy. */
export function sharedServices({ services }: ComposeConfig): string[] {
  return Object.entries(services).flatMap(([name, service]) => (isShared(service) ? [name] : []));
}

/** A config or secret as a file in the container. */
export interface ComposeFileMount {
  readonly source: string;
  readonly target?: string;
}

export interface ComposeMount {
  /** `bind`, `volume`, `tmpfs` … */
  readonly type: string;
  readonly source?: string;
  readonly target: string;
  readonly read_only?: boolean;
}

/** Where no env file is named, Compose takes the project's own. */
function filesOf({ directory, composeFiles, envFiles }: commands.ComposeProject): ProjectFiles {
  return { composeFiles, envFiles: [...envFiles, join(directory, '.env')] };
}

/** The Compose project of one environment on its host. What it throws holds nothing of its env files. */
export class Compose {
  private readonly host: Host;
  private readonly settings: Settings;

  constructor(host: Host, settings: Settings) {
    this.host = host;
    this.settings = settings;
  }

  /** @param images as if these were in their slots. Default: what is. */
  async config(images?: SlotImages): Promise<ComposeConfig> {
    const project = await this.project();
    const command = commands.configCommand(project);
    // Compose puts a variable of its own environment before the same one of an env file.
    const asked = images ? { ...command, env: slotVariables(images) } : command;
    return JSON.parse(await this.ask(project, asked)) as ComposeConfig;
  }

  /** Values of the project's variables as its Compose files get them; `''` for one that is not set. Secrets are among them. */
  async variables(names: readonly string[]): Promise<Map<string, string>> {
    if (names.length === 0) return new Map();
    const project = await this.project();
    const said = await this.ask(project, commands.variablesCommand(project, names));
    const { services } = JSON.parse(said) as ComposeConfig;
    return variablesOf(services[commands.probeService] ?? {});
  }

  /** Makes its container where there is none. */
  async create(service: string): Promise<void> {
    if (await this.find(service)) return;
    await this.job(`create ${service}`, commands.createCommand(await this.lockable(), service));
  }

  /** Starts what is absent or stopped, and waits for its health. Where all is well, Compose is not asked for half a second. */
  async ensure(services: readonly string[], timeoutMs: number, options?: RunOptions): Promise<void> {
    const found = await Promise.all(services.map((service) => this.find(service)));
    if (found.every((container) => container?.running && ['healthy', 'none'].includes(container.health))) return;
    const command = commands.ensureCommand(await this.lockable(), services, timeoutMs);
    await this.job(`ensure ${services.join(' ')}`, command, options);
  }

  /** @param what the slot gets: one that is being started with something else is another job. */
  async up(service: string, timeoutMs: number, what: string, options?: RunOptions): Promise<void> {
    await this.job(`up ${service} ${what}`, commands.upCommand(await this.lockable(), service, timeoutMs), options);
  }

  async stop(services: readonly string[], options?: RunOptions): Promise<void> {
    await this.job(`stop ${services.join(' ')}`, commands.stopCommand(await this.lockable(), services), options);
  }

  /** Builds with the engine's own builder where the buildx plugin is missing. */
  async build(service: string, what: string, options?: RunOptions): Promise<void> {
    const command = commands.buildCommand(await this.lockable(), service);
    const buildx = await this.host.tryRun({ argv: ['docker', 'buildx', 'version'] });
    const env = buildx.exitCode === 0 ? {} : { env: { DOCKER_BUILDKIT: '0' } };
    await this.job(`build ${service} ${what}`, { ...command, ...env }, options);
  }

  /** What a command prints that only reads. */
  private ask(project: commands.ComposeProject, command: Command): Promise<string> {
    const { composeFiles, envFiles } = filesOf(project);
    return this.told(() => saidOf(this.host, command, [...composeFiles, ...envFiles]));
  }

  /**
   * Goes on when whoever asked for it dies; asked for again meanwhile, it is joined.
   *
   * @throws {OvertakenError} where a later step has had its turn; nothing is done then.
   */
  private async job(name: string, command: Command, options?: RunOptions): Promise<void> {
    const { project } = this.settings;
    try {
      await this.told(() => this.host.run({ ...command, job: `${project} ${name}` }, options));
    } catch (error) {
      if (!(error instanceof CommandError) || error.result.exitCode !== overtaken) throw error;
      if (await isKeptOut(this.host, this.lockFile)) throw new OvertakenError(`the slots of ${project}`);
      // It has joined what an attempt from before had asked for.
      await this.job(name, command, options);
    }
  }

  /** Every command of Compose runs in here: what it says where it fails can be in a history and in a log. */
  private async told<Result>(run: () => Promise<Result>): Promise<Result> {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      throw await withoutSecrets(this.host, error, filesOf(await this.project()));
    }
  }

  private get lockFile(): string {
    return join(environmentDirectory(this.host, this.settings), 'compose.lock');
  }

  private find(service: string): Promise<ContainerState | null> {
    return findContainer(this.host.docker, this.settings.project, service);
  }

  /**
   * A command that changes something needs the lock's file to be there; one that only reads leaves no trace. The file is for
   * its owner only: who can open a lock can also hold it, and keep every deploy waiting.
   */
  private async lockable(): Promise<commands.ComposeProject> {
    const project = await this.project();
    if ((await this.host.readFile(project.lockFile)) === null) await this.host.writeFile(project.lockFile, '', 0o600);
    return project;
  }

  /** Compose reads `.env` by itself only when no env file is named, so pointsman names them all. */
  private async project(): Promise<commands.ComposeProject> {
    const { settings, host } = this;
    const slotsEnv = slotsEnvPath(host, settings);
    const own = (await host.readFile(slotsEnv)) === null ? [] : [slotsEnv];
    const users = envFilePath(settings);
    return {
      project: settings.project,
      directory: settings.directory,
      composeFiles: settings.composeFiles.map((file) => resolve(settings.directory, file)),
      envFiles: [...(users === null ? [] : [users]), ...own],
      lockFile: this.lockFile,
    };
  }
}
