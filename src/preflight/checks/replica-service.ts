import type { ComposeService } from '../../docker/compose.js';
import { error, type Check, type Said } from '../check.js';
import { commandOf, variablesOf } from '../../docker/service-copy.js';
import { sqliteSettings } from '../../model/settings.js';
import { serviceOf, type World } from '../world.js';

export const replicaService: Check = {
  name: 'replica-service',
  looksAt: 'the Litestream service gets the variables and the volume, and nothing else replicates the same database',
  run: (world) => {
    const service = serviceOf(world, world.settings.replica?.service ?? '');
    if (!world.settings.replica || !service) return [];
    return [
      ...unreached(world, service),
      ...volumeProblems(world, service),
      ...secondReplicators(world),
      ...trustProblems(world, service),
    ];
  },
};

/** Compose hands a container only what its service names: a line that was forgotten there is seen nowhere else. */
function unreached(world: World, service: ComposeService & { secrets?: unknown; configs?: unknown }): Said[] {
  const { replica } = world.settings;
  // Values that come in files cannot be looked for.
  if (!replica || service.secrets !== undefined || service.configs !== undefined) return [];
  const { entrypoint, command } = commandOf(service);
  const given = [...variablesOf(service).values(), ...(command ?? []), ...(entrypoint ?? [])];
  const missing = replica.requireEnv.filter((name) => {
    const value = world.variables.get(name);
    return value && !given.some((part) => part.includes(value));
  });
  if (missing.length === 0) return [];
  return [
    error(
      `${replica.service} does not get the value of ${missing.join(', ')}.`,
      `Add what is missing to "environment" of ${replica.service} in the compose file, such as "${missing[0]}: \${${missing[0]}}".`,
    ),
  ];
}

function volumeProblems({ settings }: World, { volumes }: ComposeService): Said[] {
  const { replica } = settings;
  const database = sqliteSettings(settings);
  if (!database || !replica || (volumes ?? []).some(({ source }) => source === database.volume)) return [];
  return [
    error(
      `${replica.service} does not mount ${database.volume}: it cannot see the database.`,
      'Mount it there as in the slots, without ":ro".',
    ),
  ];
}

/** Two Litestreams on one database left seven of seven replicas that could not be restored. */
function secondReplicators({ config, settings }: World): Said[] {
  const { replica } = settings;
  const database = sqliteSettings(settings);
  if (!database || !replica) return [];
  return Object.entries(config.services)
    .filter(([name]) => name !== replica.service)
    .filter(([, { volumes }]) => (volumes ?? []).some(({ source }) => source === database.volume))
    .filter(([, service]) => runsLitestream(service))
    .map(([name]) =>
      error(
        `${name} runs Litestream on ${database.volume} too: two at once ruin the replica.`,
        `Leave replication to ${replica.service} alone, never inside a slot.`,
      ),
    );
}

function runsLitestream({ image, command, entrypoint }: ComposeService): boolean {
  const words = [...(entrypoint ?? []), ...(command ?? [])].join(' ');
  if (/\blitestream\b.*\breplicate\b/.test(words)) return true;
  // To list or to restore does no harm.
  return (
    /(?:^|\/)litestream(?::|@|$)/.test(image ?? '') && !/\b(?:restore|databases|snapshots|ltx|version)\b/.test(words)
  );
}

function trustProblems({ settings }: World, service: ComposeService): Said[] {
  if (!variablesOf(service).get('AWS_CA_BUNDLE')) return [];
  return [
    error(
      `AWS_CA_BUNDLE is set for ${settings.replica?.service}: Litestream would not start with it.`,
      'Remove it, and mount the certificate authority as SSL_CERT_FILE instead.',
    ),
  ];
}
