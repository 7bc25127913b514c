import type { ComposeConfig, ComposeService } from '../docker/compose.js';
import { bindsOf, environmentOf, networksOf } from '../docker/service-copy.js';
import type { ToolContainer, ToolLimits } from '../docker/tool-container.js';
import type { MigrateSettings } from '../model/settings.js';
import type { MountedVolume } from './database-of.js';

/** What a container for migrations is made of. */
export interface MigrationPlace {
  readonly config: ComposeConfig;
  /** Of the slot that the release goes to. */
  readonly service: ComposeService;
  readonly image: string;
  readonly migrate: MigrateSettings;
  /** The database's volume, as the slots mount it. */
  readonly volume: MountedVolume;
  /** Name of the volume with the copy. */
  readonly scratch: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** The slot as Compose would start it, with the copy in place of the database and none of its other volumes. */
export function migrationContainer(place: MigrationPlace): Omit<ToolContainer, 'name'> {
  const { config, service, image, migrate, volume, scratch, labels } = place;
  const { user = null, working_dir: workingDirectory } = service;
  return {
    ...{ image, argv: migrate.command as [string, ...string[]], labels, user },
    volumes: [{ name: scratch, target: volume.target, labels }],
    environment: environmentOf(service),
    binds: bindsOf(config, service),
    limits: limitsOf(service),
    ...(workingDirectory === undefined ? {} : { workingDirectory }),
    ...(migrate.network ? { networks: networksOf(config, service) } : {}),
  };
}

function limitsOf({ mem_limit: memory, cpus, deploy }: ComposeService): ToolLimits {
  const limits = deploy?.resources?.limits;
  const bytes = Number(memory ?? limits?.memory ?? 0);
  const count = cpus ?? limits?.cpus ?? 0;
  return { ...(bytes > 0 ? { memoryBytes: bytes } : {}), ...(count > 0 ? { cpus: count } : {}) };
}
