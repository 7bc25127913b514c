import type { Position, Problem } from './problems.js';
import { keysSchema, type Keys } from './schema.js';
import { schemaProblems, unsoundPaths, type KeyPlaces } from './schema-problems.js';
import type { KeyPath, YamlSource } from './yaml-source.js';

/** The keys of one environment while they are checked: as far as they are sound, and where each was written. */
export interface Draft extends KeyPlaces {
  /** `null`: none is configured. */
  readonly environment: string | null;
  readonly keys: Keys;
  /** False where something else was written than `keys` holds, so that a rule about it would speak of a stand-in. */
  isSound(path: KeyPath): boolean;
  /** What the schema says about the keys as they come out. */
  readonly problems: readonly Problem[];
}

type RawMap = Readonly<Record<string, unknown>>;

/** Merges an environment's overrides into the rest of the file: maps key by key, everything else as a whole. */
export function draftOf(source: YamlSource, environment: string | null): Draft {
  const { environments, ...base } = asMap(source.value);
  const written = merge(base, environment === null ? {} : asMap(asMap(environments)[environment]));
  const places = placesOf(source, { environment, written });
  const { keys, unsound } = soundPart(written);
  const result = keysSchema.safeParse(written);
  return {
    ...places,
    environment,
    keys,
    isSound: (path) => !unsound.some((other) => startsWith(path, other) || startsWith(other, path)),
    problems: result.success ? [] : schemaProblems(result.error.issues, places),
  };
}

/** Places in the file as it stands. */
export function placesIn(source: YamlSource): KeyPlaces {
  return {
    nameOf,
    keyAt: (path) => source.keyAt(path),
    valueAt: (path) => source.valueAt(path),
    written: (path) => valueAt(source.value, path),
    textAt: (path) => source.textAt(path),
  };
}

function placesOf(source: YamlSource, draft: { environment: string | null; written: RawMap }): KeyPlaces {
  const located = (path: KeyPath): KeyPath => {
    if (draft.environment === null) return path;
    const prefix = ['environments', draft.environment];
    for (let length = path.length; length > 0; length--) {
      const ancestor = path.slice(0, length);
      if (source.has([...prefix, ...ancestor])) return [...prefix, ...path];
      if (source.has(ancestor)) return path;
    }
    return path;
  };
  return {
    nameOf: (path) => nameOf(located(path)),
    keyAt: (path): Position => source.keyAt(located(path)),
    valueAt: (path): Position => source.valueAt(located(path)),
    written: (path) => valueAt(draft.written, path),
    textAt: (path) => source.textAt(located(path)),
  };
}

function nameOf(path: KeyPath): string {
  return path.map((step, at) => (typeof step === 'number' ? `[${step}]` : at === 0 ? step : `.${step}`)).join('');
}

function merge(base: RawMap, overrides: RawMap): RawMap {
  const merged = Object.entries(overrides).map(([key, value]) => {
    const below = Object.hasOwn(base, key) ? base[key] : undefined;
    return [key, isMap(below) && isMap(value) ? { ...below, ...value } : value];
  });
  return { ...base, ...(Object.fromEntries(merged) as RawMap) };
}

/** Stand-ins for the keys without which there is nothing; no rule ever sees them. */
const standIns = { project: 'unknown', image: 'unknown:{release}' };

/** Takes away what is wrong until the schema accepts the rest: single keys, then whole sections, then all. */
function soundPart(written: RawMap): { keys: Keys; unsound: readonly KeyPath[] } {
  const unsound: KeyPath[] = [];
  let rest = written;
  for (const depth of [2, 1]) {
    const result = keysSchema.safeParse(rest);
    if (result.success) return { keys: result.data, unsound };
    for (const path of unsoundPaths(result.error.issues)) {
      unsound.push(path);
      // A key that is missing and required takes its section along.
      const gone = valueAt(rest, path) === undefined ? path.slice(0, -1) : path;
      rest = without(rest, gone.slice(0, depth));
    }
    rest = { ...standIns, ...rest };
  }
  const result = keysSchema.safeParse(rest);
  return result.success ? { keys: result.data, unsound } : { keys: keysSchema.parse(standIns), unsound: [[]] };
}

/** Only two levels deep, as the file is: of a list or a deeper value, the whole key goes. */
function without(map: RawMap, [key, inner]: KeyPath): RawMap {
  const section = key === undefined ? undefined : map[key];
  const kept = Object.entries(map).filter(([name]) => name !== key);
  if (inner === undefined || !isMap(section)) return Object.fromEntries(kept);
  const rest = Object.entries(section).filter(([name]) => name !== inner);
  return Object.fromEntries([...kept, [String(key), Object.fromEntries(rest)]]);
}

function valueAt(root: unknown, path: KeyPath): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}

function startsWith(path: KeyPath, prefix: KeyPath): boolean {
  return prefix.every((step, at) => path[at] === step);
}

function asMap(value: unknown): RawMap {
  return isMap(value) ? value : {};
}

function isMap(value: unknown): value is RawMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
