import { join, resolve } from 'node:path';
import type { Command, Host, RunOptions } from '../hosts/host.js';
import type { Settings } from '../model/settings.js';
import * as commands from './compose-command.js';
import { envFilePath } from './env-file.js';
import { environmentDirectory, slotsEnvPath } from './slots-env.js';

/** The part of `docker compose config` that pointsman reads. */
export interface ComposeConfig {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes?: Readonly<Record<string, { readonly name: string }>>;
  readonly networks?: Readonly<Record<string, { readonly name: string }>>;
}

export interface ComposeService {
  readonly image?: string;
  readonly build?: unknown;
  readonly profiles?: readonly string[];
  readonly healthcheck?: {
    readonly test?: readonly string[];
    readonly disable?: boolean;
  };
  readonly volumes?: readonly ComposeMount[];
  readonly depends_on?: Readonly<Record<string, unknown>>;
  readonly entrypoint?: readonly string[] | null;
  readonly command?: readonly string[] | null;
  /** With every `$` doubled; `null` where a variable has no value. */
  readonly environment?: Readonly<Record<string, string | null>>;
  readonly networks?: Readonly<Record<string, unknown>>;
  readonly network_mode?: string;
  /** `35s`, `1m10s`. */
  readonly stop_grace_period?: string;
}

/** Without a profile: a service that every slot shares and that no deploy stops. */
export function isShared({ profiles }: ComposeService): boolean {
  return (profiles ?? []).length === 0;
}

export interface ComposeMount {
  /** `bind`, `volume`, `tmpfs` … */
  readonly type: string;
  readonly source?: string;
  readonly target: string;
  readonly read_only?: boolean;
}

/** The Compose project of one environment on its host. */
export class Compose {
  private readonly host: Host;
  private readonly settings: Settings;

  constructor(host: Host, settings: Settings) {
    this.host = host;
    this.settings = settings;
  }

  async config(): Promise<ComposeConfig> {
    const { stdout } = await this.host.run(commands.configCommand(await this.project()));
    return JSON.parse(stdout) as ComposeConfig;
  }

  /** Services without a profile: router, litestream and what else stays up through every deploy. */
  async sharedServices(): Promise<string[]> {
    const { services } = await this.config();
    return Object.entries(services).flatMap(([name, service]) => (isShared(service) ? [name] : []));
  }

  async create(service: string): Promise<void> {
    await this.job(`create ${service}`, commands.createCommand(await this.lockable(), service));
  }

  async ensure(services: readonly string[], timeoutMs: number, options?: RunOptions): Promise<void> {
    if (services.length === 0) return;
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

  /** Goes on when whoever asked for it dies; asked for again meanwhile, it is joined. */
  private async job(name: string, command: Command, options?: RunOptions): Promise<void> {
    await this.host.run({ ...command, job: `${this.settings.project} ${name}` }, options);
  }

  /** A command that changes something needs the lock's file to be there; one that only reads leaves no trace. */
  private async lockable(): Promise<commands.ComposeProject> {
    const project = await this.project();
    if ((await this.host.readFile(project.lockFile)) === null) await this.host.writeFile(project.lockFile, '');
    return project;
  }

  /** Compose reads `.env` by itself only when no env file is named, so pointsman names them all. */
  private async project(): Promise<commands.ComposeProject> {
    const { settings, host } = this;
    const lockFile = join(environmentDirectory(host, settings), 'compose.lock');
    const slotsEnv = slotsEnvPath(host, settings);
    const own = (await host.readFile(slotsEnv)) === null ? [] : [slotsEnv];
    const users = envFilePath(settings);
    return {
      project: settings.project,
      directory: settings.directory,
      composeFiles: settings.composeFiles.map((file) => resolve(settings.directory, file)),
      envFiles: [...(users === null ? [] : [users]), ...own],
      lockFile,
    };
  }
}
