import { slots, type Slot } from '../model/slot.js';
import { dependenciesOf, hasHealthCheck, imageOfService, mountsOf, profilesOf, type Mount } from './compose-service.js';
import type { ComposeView, ServiceView } from './compose-view.js';
import type { Draft } from './draft.js';
import { didYouMean } from './nearest.js';
import type { Problem } from './problems.js';
import { problemAt } from './rules.js';
import type { KeyPath } from './yaml-source.js';

type Words = Pick<Problem, 'message' | 'fix'>;

/** What must hold between `pointsman.yml` and the Compose files. */
export type ComposeRule = (compose: ComposeView, draft: Draft) => readonly Problem[];

const servicesAreThere: ComposeRule = (compose, draft) =>
  namedServices(draft).flatMap(({ path, service }) =>
    compose.services.has(service)
      ? []
      : problemAt(draft, path, missing('service', service, { of: compose, names: [...compose.services.keys()] })),
  );

const slotHasAProfileOfItsOwn: ComposeRule = (compose, draft) =>
  eachSlot(compose, draft, (slot, service) => {
    const profiles = profilesOf(service);
    if (profiles.length === 1 && profiles[0] === slot) return [];
    const found =
      profiles.length === 0 ? 'in no profile' : `in ${profiles.join(' and ')}, not in the profile ${slot} alone`;
    const why = profiles.length === 0 ? ', so every "up" starts it' : '';
    return [problemOf(service, ['profiles'], { message: `${found}${why}`, fix: `write profiles: [${slot}]` })];
  });

const slotHasAHealthCheck: ComposeRule = (compose, draft) =>
  eachSlot(compose, draft, (_, service) => {
    if (hasHealthCheck(service)) return [];
    const message = 'no health check, so it would count as healthy as soon as it runs';
    const fix = `add a healthcheck that asks ${draft.keys.health.path}`;
    return [problemOf(service, ['healthcheck'], { message, fix })];
  });

/** With one variable for both, starting the new slot would change the image of the old one too. */
const slotHasAnImageOfItsOwn: ComposeRule = (compose, draft) =>
  eachSlot(compose, draft, (slot, service) => {
    const variable = `${slot.toUpperCase()}_IMAGE`;
    const image = imageOfService(service);
    if (image !== null && new RegExp(`\\$(\\{${variable}\\b|${variable}\\b)`).test(image)) return [];
    const message = `its image is ${image ?? 'not given'}, but pointsman sets ${variable} so that each slot keeps its own`;
    return [problemOf(service, ['image'], { message, fix: `write image: \${${variable}:-${example(draft)}}` })];
  });

const sharedServicesHaveNoProfile: ComposeRule = (compose, draft) =>
  sharedServices(compose, draft).flatMap((service) => {
    const profiles = profilesOf(service);
    if (profiles.length === 0) return [];
    const message = `in the profile ${profiles.join(' and ')}, but it must stay up whichever slot is live`;
    return [problemOf(service, ['profiles'], { message, fix: 'remove profiles' })];
  });

const sharedServicesDependOnNoSlot: ComposeRule = (compose, draft) =>
  sharedServices(compose, draft).flatMap((service) => {
    const dependencies = dependenciesOf(service).filter((name) => Object.values(draft.keys.slots).includes(name));
    if (dependencies.length === 0) return [];
    const message = `it depends on ${dependencies.join(' and ')}, so it could not start without that slot`;
    return [problemOf(service, ['depends_on'], { message, fix: 'remove the slots from depends_on' })];
  });

const routerConfigIsAMountedDirectory: ComposeRule = (compose, draft) =>
  routers(draft).flatMap((router) => configMountProblems(compose, router));

function configMountProblems(compose: ComposeView, { service: name, configDirectory }: RouterPlace): Problem[] {
  const service = compose.services.get(name);
  if (!service) return [];
  const mounts = mountsOf(service);
  const fix = `mount the directory: ${name}-config:${configDirectory}`;
  const single = mounts.find(({ target }) => target.startsWith(`${configDirectory}/`));
  if (single) {
    const message = `${single.target} is mounted as a single file: after a rename nginx would keep the old one for ever`;
    return [problemOf(service, ['volumes'], { message, fix })];
  }
  const mount = mounts.find(({ target }) => isAtOrAbove(target, configDirectory));
  if (mount && !mount.readOnly) return [];
  const message = mount
    ? `${configDirectory} is mounted read-only, and pointsman writes the config there`
    : `nothing is mounted at ${configDirectory}, so the config would be lost with the container`;
  return [problemOf(service, ['volumes'], { message, fix: mount ? 'remove :ro' : fix })];
}

/** Each would replace what the other one wrote, and be judged by what the other one noted. */
const routersShareNoConfig: ComposeRule = (compose, draft) => {
  const owners = new Map<string, string>();
  return routers(draft).flatMap(({ service: name, configDirectory }) => {
    const service = compose.services.get(name);
    const mount = service && holderOf(service, configDirectory);
    if (!mount || mount.source === '') return [];
    const place = `${mount.source}:${configDirectory.slice(mount.target.length)}`;
    const owner = owners.get(place);
    owners.set(place, owner ?? name);
    if (owner === undefined || owner === name) return [];
    const message = `${mount.source} at ${configDirectory} is the config directory of ${owner} too`;
    return [problemOf(service, ['volumes'], { message, fix: `mount another one: ${name}-config:${configDirectory}` })];
  });
};

const databaseVolumeIsThere: ComposeRule = (compose, draft) => {
  const volume = draft.keys.database?.volume;
  if (volume === undefined || compose.volumes.includes(volume)) return [];
  const words = missing('volume', volume, { of: compose, names: compose.volumes });
  return [problemAt(draft, ['database', 'volume'], words)];
};

const slotsMountTheDatabase: ComposeRule = (compose, draft) => {
  const { database } = draft.keys;
  if (!database || !compose.volumes.includes(database.volume)) return [];
  return eachSlot(compose, draft, (_, service) => {
    if (databaseMount(service, database)) return [];
    const directory = database.path.slice(0, database.path.lastIndexOf('/'));
    const message = `${database.path} is not on the volume ${database.volume}`;
    return [problemOf(service, ['volumes'], { message, fix: `mount ${database.volume}:${directory}` })];
  });
};

/** Beside the database there is always room for them in its volume; elsewhere they would be lost with a container. */
const backupsAreInTheVolume: ComposeRule = (compose, draft) => {
  const { database } = draft.keys;
  const { backups } = database ?? {};
  if (!database || backups === undefined) return [];
  const [outside] = slots.flatMap((slot) => {
    const service = compose.services.get(draft.keys.slots[slot]);
    const mount = service && databaseMount(service, database);
    return mount && holderOf(service, backups)?.target !== mount.target ? { service, mount } : [];
  });
  if (!outside) return [];
  const { service, mount } = outside;
  const message = `${backups} is not on the volume ${database.volume}, which ${service.name} mounts at ${mount.target}`;
  return [problemAt(draft, ['database', 'backups'], { message, fix: `name a directory in ${mount.target}` })];
};

const postgresBackupsAreOnAMount: ComposeRule = (compose, { keys: { postgres } }) => {
  const service = postgres && compose.services.get(postgres.service);
  if (!service || mountsOf(service).some(({ target }) => isAtOrAbove(target, postgres.backups))) return [];
  const message = `nothing is mounted at ${postgres.backups}, so the backups would be lost with the container`;
  return [problemOf(service, ['volumes'], { message, fix: `mount a volume: db-backups:${postgres.backups}` })];
};

export const composeRules: readonly ComposeRule[] = [
  servicesAreThere,
  slotHasAProfileOfItsOwn,
  slotHasAHealthCheck,
  slotHasAnImageOfItsOwn,
  sharedServicesHaveNoProfile,
  sharedServicesDependOnNoSlot,
  routerConfigIsAMountedDirectory,
  routersShareNoConfig,
  databaseVolumeIsThere,
  slotsMountTheDatabase,
  backupsAreInTheVolume,
  postgresBackupsAreOnAMount,
];

/** Every problem between one environment and its Compose files; asked only where the environment itself is sound. */
export function applyComposeRules(compose: ComposeView, draft: Draft): Problem[] {
  return composeRules.flatMap((rule) => rule(compose, draft));
}

function databaseMount(service: ServiceView, { volume, path }: { volume: string; path: string }): Mount | undefined {
  return mountsOf(service).find(({ source, target }) => source === volume && isAbove(target, path));
}

/** Of mounts one in another, the inner one. */
function holderOf(service: ServiceView, path: string): Mount | undefined {
  const above = mountsOf(service).filter(({ target }) => isAtOrAbove(target, path));
  return above.toSorted((a, b) => b.target.length - a.target.length)[0];
}

function namedServices({ keys }: Draft): { path: KeyPath; service: string }[] {
  const named = slots.map((slot) => ({ path: ['slots', slot], service: keys.slots[slot] }));
  const replica = keys.replica ? [{ path: ['replica', 'service'], service: keys.replica.service }] : [];
  const postgres = keys.postgres ? [{ path: ['postgres', 'service'], service: keys.postgres.service }] : [];
  const others = keys.router.others.map(({ service }, at) => ({ path: ['router', 'others', at, 'service'], service }));
  const router = { path: ['router', 'service'], service: keys.router.service };
  return [...named, router, ...others, ...postgres, ...replica];
}

interface RouterPlace {
  readonly service: string;
  readonly configDirectory: string;
}

function routers({ keys: { router } }: Draft): RouterPlace[] {
  const { configDirectory: usual } = router;
  const others = router.others.map(({ service, configDirectory = usual }) => ({ service, configDirectory }));
  return [router, ...others];
}

function sharedServices(compose: ComposeView, { keys }: Draft): ServiceView[] {
  const routers = [keys.router, ...keys.router.others].map(({ service }) => service);
  const names = [...routers, keys.postgres?.service, keys.replica?.service].filter((name) => name !== undefined);
  return names.flatMap((name) => compose.services.get(name) ?? []);
}

function eachSlot(
  compose: ComposeView,
  draft: Draft,
  check: (slot: Slot, service: ServiceView) => readonly Problem[],
): Problem[] {
  return slots.flatMap((slot) => {
    const service = compose.services.get(draft.keys.slots[slot]);
    return service ? check(slot, service) : [];
  });
}

function missing(kind: string, name: string, { of, names }: { of: ComposeView; names: readonly string[] }): Words {
  const others = names.length > 0 ? `add it, or choose one of ${names.join(', ')}` : 'add it';
  return { message: `there is no ${kind} ${name} in ${of.files.join(', ')}`, fix: didYouMean(name, names) ?? others };
}

function problemOf(service: ServiceView, path: KeyPath, { message, fix }: Words): Problem {
  return { ...service.at(path), message: `${service.name}: ${message}`, fix };
}

function isAbove(directory: string, path: string): boolean {
  return directory === '/' || path.startsWith(`${directory}/`);
}

function isAtOrAbove(directory: string, path: string): boolean {
  return directory === path || isAbove(directory, path);
}

function example({ keys }: Draft): string {
  return keys.image.replaceAll('{release}', 'unreleased');
}
