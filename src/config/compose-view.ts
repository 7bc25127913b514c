import { readIfThere } from './project-files.js';
import type { Position } from './problems.js';
import { parseYaml, type KeyPath, type YamlSource } from './yaml-source.js';

export type RawMap = Readonly<Record<string, unknown>>;

/** The Compose files as text says them, merged as far as the rules look. */
export interface ComposeView {
  readonly files: readonly string[];
  readonly services: ReadonlyMap<string, ServiceView>;
  readonly volumes: readonly string[];
}

export interface ServiceView {
  readonly name: string;
  readonly values: RawMap;
  /** A key of the service in the last file that has it, else the service in the first. */
  at(path: KeyPath): Position;
}

/**
 * Reads the Compose files without Compose, so that a mistake is shown with its line and on any machine.
 *
 * `null` where Compose puts a file together from more than is read here; preflight then asks Compose itself.
 *
 * @throws {ConfigError} with the syntax errors of the first file that has any.
 */
export async function readCompose(directory: string, files: readonly string[]): Promise<ComposeView | null> {
  const sources: YamlSource[] = [];
  for (const file of files) {
    const text = (await readIfThere(directory, file)) ?? '';
    if (/^\s*(include|extends):|!(reset|override)\b/m.test(text)) return null;
    sources.push(parseYaml(file, text));
  }
  return viewOf(sources);
}

/** The Compose files as Compose itself puts them together; `refused` says in words why it does not. */
export type AskedCompose = { readonly view: ComposeView } | { readonly refused: string };

/** Asks Compose about files of a directory, for what is not read here. */
export type AskCompose = (directory: string, files: readonly string[]) => Promise<AskedCompose>;

/** What `docker compose config --no-interpolate` has printed. It tells no lines, so only the files can be named. */
export function viewOfModel(files: readonly string[], model: unknown): ComposeView {
  const { services, volumes } = asMap(model);
  const at = (): Position => ({ file: files[0] ?? '', line: null, column: null });
  const views = Object.entries(asMap(services)).map(([name, values]): [string, ServiceView] => [
    name,
    { name, values: asMap(values), at },
  ]);
  return { files, services: new Map(views), volumes: Object.keys(asMap(volumes)) };
}

function viewOf(sources: readonly YamlSource[]): ComposeView {
  const names = namesUnder(sources, 'services');
  const services = new Map(names.map((name) => [name, serviceView(sources, name)]));
  return { files: sources.map(({ file }) => file), services, volumes: namesUnder(sources, 'volumes') };
}

function namesUnder(sources: readonly YamlSource[], section: string): string[] {
  return [...new Set(sources.flatMap(({ value }) => Object.keys(asMap(asMap(value)[section]))))];
}

function serviceView(sources: readonly YamlSource[], name: string): ServiceView {
  const path = ['services', name];
  const having = sources.filter((source) => source.has(path));
  const parts = having.map(({ value }) => asMap(asMap(asMap(value)['services'])[name]));
  const at = (below: KeyPath): Position => {
    const source = having.findLast((each) => each.has([...path, ...below])) ?? having[0];
    return source?.keyAt([...path, ...below]) ?? { file: '', line: null, column: null };
  };
  return { name, values: parts.reduce(mergeService, {}), at };
}

/** As Compose does it: lists grow, maps merge, everything else is replaced. */
function mergeService(below: RawMap, above: RawMap): RawMap {
  const merged = Object.entries(above).map(([key, value]) => {
    const old = below[key];
    if (Array.isArray(old) && Array.isArray(value)) return [key, [...(old as unknown[]), ...(value as unknown[])]];
    return [key, isMap(old) && isMap(value) ? { ...old, ...value } : value];
  });
  return { ...below, ...(Object.fromEntries(merged) as RawMap) };
}

export function asMap(value: unknown): RawMap {
  return isMap(value) ? value : {};
}

function isMap(value: unknown): value is RawMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
