import { posix } from 'node:path';
import type { LitestreamRunner } from '../database/litestream-restore.js';
import { SqliteDatabase } from '../database/sqlite.js';
import { Compose, type ComposeConfig, type ComposeService } from '../docker/compose.js';
import { findContainer, isNotFound } from '../docker/container.js';
import { imageId, pullImage } from '../docker/image.js';
import { bindsOf, environmentOf, networksOf, type Bind } from '../docker/service-copy.js';
import { runTool } from '../docker/tool-container.js';
import { removeContainer } from '../docker/trial-container.js';
import type { Host } from '../hosts/host.js';
import type { ScratchArgs } from '../model/activities.js';
import { sqliteSettings, type Settings, type SqliteSettings } from '../model/settings.js';
import { failureOf } from './failures.js';
import { redactorFor } from '../docker/redactor.js';

/** Where Litestream finds the scratch volume. */
const restoredTo = '/pointsman-drill';

/** What one drill works on: a volume of its own, and the containers that use it. */
export class DrillScratch {
  readonly config: ComposeConfig;
  readonly volume: string;
  /** Where the app has the volume of its database mounted. */
  readonly target: string;
  private readonly host: Host;
  private readonly settings: Settings;
  private readonly timestamp: string;
  private readonly database: SqliteSettings;

  private constructor(
    host: Host,
    { settings, timestamp }: ScratchArgs,
    config: ComposeConfig,
    database: SqliteSettings,
  ) {
    this.host = host;
    this.settings = settings;
    this.timestamp = timestamp;
    this.config = config;
    this.database = database;
    this.volume = this.nameOf('data');
    this.target = targetIn(config.services[settings.slots.blue], database) ?? posix.dirname(database.path);
  }

  static async of(host: Host, args: ScratchArgs): Promise<DrillScratch> {
    const database = sqliteSettings(args.settings);
    const { replica } = args.settings;
    if (!database || !replica) {
      throw failureOf('ReplicaNotRestored', 'a drill needs "database" and "replica" in pointsman.yml');
    }
    return new DrillScratch(host, args, await new Compose(host, args.settings).config(), database);
  }

  nameOf(what: string): string {
    const { project, environment } = this.settings;
    return `pointsman-${project}-${environment}-drill-${this.timestamp}-${what}`;
  }

  get labels(): Record<string, string> {
    return { ...labelsOf(this.settings), [drillLabel]: this.timestamp };
  }

  /** An empty volume, unless a restore into it runs since an earlier attempt: that one is joined. */
  async prepare(): Promise<void> {
    const { docker } = this.host;
    await removeScratch(this.host, this.settings, (timestamp) => timestamp !== this.timestamp);
    if (await exists(docker.getContainer(this.nameOf('restore')))) return;
    await removeVolume(this.host, this.volume);
    await docker.createVolume({ Name: this.volume, Labels: this.labels });
  }

  /** The restored database, seen where the app sees its own. */
  restored(signal: AbortSignal): SqliteDatabase {
    const { path, migrationTable } = this.database;
    const volumes = [{ name: this.volume, target: this.target }];
    return new SqliteDatabase(
      ({ id, argv }) =>
        runTool(
          this.host.docker,
          { name: this.nameOf(id), image: this.settings.toolImage, argv, volumes, labels: this.labels },
          { signal },
        ),
      { database: path, migrationTable },
    );
  }

  /** Where Litestream's configuration is, what it calls the database, and where the restored one goes. */
  async replicaPlace(): Promise<{ readonly config: string; readonly database: string; readonly output: string }> {
    const inVolume = posix.relative(this.target, this.database.path);
    const own = targetIn(this.litestream, this.database);
    return {
      config: await this.litestreamConfig(),
      database: own ? posix.join(own, inVolume) : this.database.path,
      output: posix.join(restoredTo, inVolume),
    };
  }

  /** Litestream as its service has it, with the scratch volume instead of the database's. */
  async litestreamRunner(signal: AbortSignal): Promise<LitestreamRunner> {
    const { host, settings, config, database } = this;
    const service = this.litestream;
    const environment = environmentOf(service);
    const redact = await redactorFor(host, settings, environment);
    const image = await this.imageOf(settings.replica?.service ?? '');
    const volumes = [...this.otherVolumes(service), { name: this.volume, target: restoredTo }];
    // A bind mount over the database's place would bring the live file along.
    const binds = bindsOf(config, service).filter(({ target }) => !isInside(database.path, target));
    const networks = networksOf(config, service);
    return async ({ id, argv }) => {
      const tool = { name: this.nameOf(id), image, argv, volumes, binds, environment, networks, labels: this.labels };
      const { exitCode, stdout, stderr } = await runTool(host.docker, tool, { signal });
      return { exitCode, stdout: redact(stdout), stderr: redact(stderr) };
    };
  }

  /** The image that a service's container has; else the one of the Compose file. Fetched when the host has none. */
  async imageOf(name: string): Promise<string> {
    const { host, settings, config } = this;
    const container = await findContainer(host.docker, settings.project, name);
    const image = container?.image ?? config.services[name]?.image;
    if (!image) throw failureOf('ImageUnavailable', `${name} has neither a container nor an image in the Compose file`);
    await this.ensureImage(image);
    return image;
  }

  async ensureImage(image: string): Promise<void> {
    if (!(await imageId(this.host.docker, image))) await pullImage(this.host, this.settings, image);
  }

  private get litestream(): ComposeService {
    const name = this.settings.replica?.service ?? '';
    const service = this.config.services[name];
    if (!service) throw failureOf('ReplicaNotRestored', `the Compose file has no service ${name}`);
    return service;
  }

  /** A replica may be kept in a volume of the host. */
  private otherVolumes({ volumes = [] }: ComposeService) {
    return volumes.flatMap(({ type, source, target }) => {
      const name = source ? this.config.volumes?.[source]?.name : undefined;
      return type === 'volume' && name && source !== this.database.volume ? [{ name, target, readOnly: true }] : [];
    });
  }

  /** Named in its command, or a file that is mounted under the usual name. */
  private async litestreamConfig(): Promise<string> {
    const service = this.litestream;
    const words = [...(service.entrypoint ?? []), ...(service.command ?? [])].join(' ');
    const named = /-config[= ](\S+)/.exec(words)?.[1];
    if (named) return named;
    const usual = '/etc/litestream.yml';
    const binds = bindsOf(this.config, service);
    const inBinds = binds.map(({ target }) =>
      /\.ya?ml$/.test(target) ? target : posix.join(target, 'litestream.yml'),
    );
    for (const path of [usual, ...inBinds]) if (await this.isMounted(binds, path)) return path;
    return usual;
  }

  private async isMounted(binds: readonly Bind[], path: string): Promise<boolean> {
    const bind = binds.find(({ target }) => isInside(path, target));
    if (!bind) return false;
    const file = posix.join(bind.source, posix.relative(bind.target, path));
    return (await this.host.readFile(file)) !== null;
  }
}

const drillLabel = 'io.pointsman.drill';

function labelsOf({ project, environment }: Settings): Record<string, string> {
  return { 'io.pointsman.project': project, 'io.pointsman.environment': environment };
}

/** Removes what drills of this environment have made, containers first; returns the names of what is gone. */
export async function removeScratch(
  { docker }: Host,
  settings: Settings,
  which: (timestamp: string) => boolean = () => true,
): Promise<string[]> {
  const label = [...Object.entries(labelsOf(settings)).map(([name, value]) => `${name}=${value}`), drillLabel];
  const wanted = ({ Labels }: { Labels: Record<string, string> }) => which(Labels[drillLabel] ?? '');
  const containers = (await docker.listContainers({ all: true, filters: { label } })).filter(wanted);
  for (const { Id } of containers) await removeContainer(docker, Id);
  const { Volumes } = await docker.listVolumes({ filters: JSON.stringify({ label }) });
  const volumes = (Volumes ?? []).filter(wanted);
  for (const { Name } of volumes) await docker.getVolume(Name).remove().catch(ignoreMissing);
  return [...containers.map(({ Names, Id }) => Names[0]?.slice(1) ?? Id), ...volumes.map(({ Name }) => Name)];
}

async function removeVolume({ docker }: Host, name: string): Promise<void> {
  await docker.getVolume(name).remove().catch(ignoreMissing);
}

function ignoreMissing(error: unknown): void {
  if (!isNotFound(error)) throw error;
}

async function exists(container: { inspect(): Promise<unknown> }): Promise<boolean> {
  return container.inspect().then(
    () => true,
    (error: unknown) => {
      ignoreMissing(error);
      return false;
    },
  );
}

function targetIn(service: ComposeService | undefined, { volume }: SqliteSettings): string | undefined {
  return service?.volumes?.find(({ source }) => source === volume)?.target;
}

function isInside(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory.replace(/\/$/, '')}/`);
}
