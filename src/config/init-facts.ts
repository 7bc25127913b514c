import { basename } from 'node:path';
import { slots, type Slot } from '../model/slot.js';
import { imageOfService, mountsOf, profilesOf } from './compose-service.js';
import { asMap, type ComposeView, type ServiceView } from './compose-view.js';

/** What a new `pointsman.yml` says; `null` where the default holds, or where nothing could be told. */
export interface InitFacts {
  readonly project: string;
  readonly image: string;
  readonly slots: Readonly<Record<Slot, string>> | null;
  readonly router: { readonly service: string; readonly port: number | null } | null;
  readonly health: { readonly path: string; readonly port: number } | null;
  readonly database: { readonly path: string; readonly volume: string } | null;
  /** Patterns of migration files that are there. */
  readonly migrations: readonly string[];
  readonly replica: { readonly service: string; readonly requireEnv: readonly string[] } | null;
}

/** The name of a directory, as far as Compose takes it as a project's name. */
export function projectNameOf(directory: string): string {
  const name = basename(directory)
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^[-_]+|-+$/g, '');
  return name.slice(0, 63) || 'app';
}

/** What an existing Compose file tells: services by their profiles and images, the volume by where it is mounted. */
export function factsOf(compose: ComposeView, project: string): Omit<InitFacts, 'migrations'> {
  const services = [...compose.services.values()];
  const [blue, green] = slots.map((slot) => services.find((service) => profilesOf(service).includes(slot)));
  const app = blue ?? green ?? null;
  return {
    project,
    image: imageTemplate(app ? imageOfService(app) : null, project),
    slots: blue && green ? { blue: blue.name, green: green.name } : null,
    router: routerFacts(services.find((service) => runs(service, 'nginx'))),
    health: app ? healthFacts(app) : null,
    database: app ? databaseFacts(app, compose.volumes) : null,
    replica: replicaFacts(services.find((service) => runs(service, 'litestream'))),
  };
}

function runs(service: ServiceView, image: string): boolean {
  return profilesOf(service).length === 0 && (imageOfService(service) ?? '').includes(image);
}

/** `${BLUE_IMAGE:-registry.example.org/shop:1}` and `registry.example.org/shop:1` both name the repository. */
function imageTemplate(image: string | null, project: string): string {
  const named = (image ?? '').replace(/^\$\{\w+:?-([^}]*)\}$/, '$1');
  const repository = named.replace(/@.*$/, '').replace(/:[^:/]*$/, '');
  return `${/^[\w.:/-]+$/.test(repository) ? repository : project}:{release}`;
}

function routerFacts(service: ServiceView | undefined): InitFacts['router'] {
  if (!service) return null;
  const ports: unknown = service.values['ports'];
  const target = Array.isArray(ports) ? /(\d+)(\/tcp)?$/.exec(portText(ports[0]))?.[1] : undefined;
  return { service: service.name, port: target === undefined ? null : Number(target) };
}

/** `127.0.0.1:80:8080`, or the long form with a `target`. */
function portText(port: unknown): string {
  return String(asMap(port)['target'] ?? port);
}

/** The app's own health check asks it somewhere: that is a path that works. */
function healthFacts({ values }: ServiceView): InitFacts['health'] {
  const asked = /https?:\/\/[^\s/'"]+:(\d+)(\/[\w./-]*)/.exec(
    JSON.stringify(asMap(values['healthcheck'])['test'] ?? ''),
  );
  return asked?.[1] && asked[2] ? { port: Number(asked[1]), path: asked[2] } : null;
}

function databaseFacts(app: ServiceView, volumes: readonly string[]): InitFacts['database'] {
  const mount = mountsOf(app).find(({ source, readOnly }) => volumes.includes(source) && !readOnly);
  return mount ? { volume: mount.source, path: `${mount.target}/app.db` } : null;
}

function replicaFacts(service: ServiceView | undefined): InitFacts['replica'] {
  if (!service) return null;
  const environment = JSON.stringify(service.values['environment'] ?? '');
  const names = [...environment.matchAll(/\$\{?([A-Za-z_]\w*)/g)].map(([, name]) => name ?? '');
  return { service: service.name, requireEnv: [...new Set(names)] };
}
