import { normalize } from 'node:path';
import { asMap, type ComposeView, type ServiceView } from './compose-view.js';
import { mountsOf } from './compose-service.js';
import type { Draft } from './draft.js';
import type { Problem } from './problems.js';
import type { ProjectFiles } from './resolve.js';
import { problemAt } from './rules.js';

/** What another machine needs of the project's directory. */
export interface Shipping {
  /** Files and directories, relative to the project's directory. */
  readonly files: readonly string[];
  /** Variables of whoever deploys that become the `.env` there. */
  readonly env: readonly string[];
  /** What would not work there; of no matter where the app runs beside its directory. */
  readonly problems: readonly Problem[];
}

/** Something that a Compose file takes from the directory it lies in. */
interface Taken {
  readonly path: string;
  readonly service: ServiceView;
  readonly key: string;
  /** The service may write there. */
  readonly written: boolean;
}

/** The Compose files, what they take from their directory (or what is listed instead), the env file, and migrations. */
export function planShipping(draft: Draft, files: ProjectFiles, compose: ComposeView | null): Shipping {
  const { ship, build } = draft.keys;
  const taken = [...(compose?.services.values() ?? [])].flatMap((service) => takenBy(service, build));
  const inside = taken.filter(({ path }) => !isOutside(path));
  const envFile = files.envFile === null || isOutside(files.envFile) ? [] : [files.envFile];
  const listed = ship.files?.map((path) => normalize(path).replace(/\/$/, ''));
  const beside = listed ?? [...inside.map(({ path }) => path), ...envFile];
  const needed = new Set([...files.composeFiles, ...beside]);
  // Only for the check before a deploy, which looks at them on the host.
  const migrations = files.migrations.filter((path) => ![...needed].some((each) => covers(each, path)));
  const all = [...needed, ...migrations];
  const problems = [
    ...(compose === null && listed === undefined ? [mustList(draft)] : []),
    ...taken.filter(({ path }) => isOutside(path)).map(outside),
    ...inside.filter(({ written }) => written).map(writtenTo),
    ...(listed ? inside.filter(({ path }) => !all.some((each) => covers(each, path))).map(notListed) : []),
  ];
  return { files: all, env: ship.env, problems };
}

function takenBy(service: ServiceView, build: boolean): Taken[] {
  const mounts = mountsOf(service)
    .filter(({ source }) => isRelative(source))
    .map(({ source, readOnly }) => ({ path: source, key: 'volumes', written: !readOnly }));
  const envFiles = [service.values['env_file'] ?? []]
    .flat()
    .map((each: unknown) => (typeof each === 'string' ? each : asMap(each)['path']))
    .filter((path) => typeof path === 'string')
    .map((path) => ({ path, key: 'env_file', written: false }))
    .filter(({ path }) => !path.startsWith('/'));
  const context = contextOf(service);
  const contexts = build && context !== null ? [{ path: context, key: 'build', written: false }] : [];
  return [...mounts, ...envFiles, ...contexts].map((each) => ({ ...each, path: normalize(each.path), service }));
}

function contextOf({ values }: ServiceView): string | null {
  const { build } = values;
  const context = typeof build === 'string' ? build : asMap(build)['context'];
  return typeof context === 'string' && !/^(\/|[a-z]+:\/\/|git@)/.test(context) ? context : null;
}

/** `./litestream` and `../shared` are paths beside the file; `app-data` is the name of a volume. */
function isRelative(source: string): boolean {
  return /^\.{1,2}(\/|$)/.test(source);
}

function isOutside(path: string): boolean {
  return path.startsWith('/') || path === '..' || path.startsWith('../');
}

function covers(listed: string, path: string): boolean {
  return listed === '.' || path === listed || path.startsWith(`${listed}/`);
}

function mustList(draft: Draft): Problem {
  const message = 'the Compose files include or extend others, so what they need cannot be told';
  return problemAt(draft, ['ship'], { message, fix: 'list it: ship: { files: [compose.yml, …] }' });
}

function outside({ path, service, key }: Taken): Problem {
  const message = `${service.name} takes ${path} from outside of the project's directory, which is not sent to the host`;
  return {
    ...service.at([key]),
    message,
    fix: 'move it beside the Compose file, or name it by its absolute path there',
  };
}

function writtenTo({ path, service }: Taken): Problem {
  const message = `${service.name} may write to ./${path}, which is another directory on the host with each release`;
  return { ...service.at(['volumes']), message, fix: 'use a volume or an absolute path for data, and ":ro" for files' };
}

function notListed({ path, service, key }: Taken): Problem {
  const message = `${service.name} takes ./${path}, which is not in ship.files`;
  return { ...service.at([key]), message, fix: `add ${path} to ship.files in pointsman.yml` };
}
