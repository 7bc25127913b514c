import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { InstallError } from './install-error.js';

/** A package that the program needs at run time. */
export interface NeededPackage {
  readonly directory: string;
  /** Where it goes, relative to the program: `node_modules/a/node_modules/b`. */
  readonly destination: string;
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/**
 * Every package that is reached from `dependencies`, found as Node finds it; what only development needs is never
 * reached. Optional and peer dependencies count where they are installed.
 *
 * @throws {InstallError} when one is missing, or the packages of two projects are mixed.
 */
export async function neededPackages(packageRoot: string): Promise<NeededPackage[]> {
  const found = new Map<string, string>();
  const left = [packageRoot];
  for (let directory = left.pop(); directory; directory = left.pop()) {
    for (const { name, optional } of await dependenciesOf(directory)) {
      const home = nearest(name, directory);
      if (!home && !optional) {
        throw new InstallError('refused', `${name}, which pointsman needs, is not installed here: run npm install.`);
      }
      if (!home) continue;
      const place = join(home, 'node_modules', name);
      if (found.has(place)) continue;
      const parent = found.get(home);
      found.set(place, parent ? `${parent}/node_modules/${name}` : `node_modules/${name}`);
      left.push(place);
    }
  }
  refuseMixed(found);
  return [...found].map(([directory, destination]) => ({ directory, destination }));
}

async function dependenciesOf(directory: string): Promise<{ name: string; optional: boolean }[]> {
  const manifest = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8')) as Manifest;
  const optional = { ...manifest.optionalDependencies, ...manifest.peerDependencies };
  const needed = Object.keys(manifest.dependencies ?? {}).filter(
    (name) => !(name in (manifest.optionalDependencies ?? {})),
  );
  return [
    ...needed.map((name) => ({ name, optional: false })),
    ...Object.keys(optional)
      .filter((name) => !needed.includes(name))
      .map((name) => ({ name, optional: true })),
  ];
}

/** The directory whose `node_modules` answers `require(name)` from `directory`. */
function nearest(name: string, directory: string): string | null {
  for (let at = directory; ; at = dirname(at)) {
    if (existsSync(join(at, 'node_modules', name, 'package.json'))) return at;
    if (at === dirname(at)) return null;
  }
}

/** Installed beside others, a package of ours and one of theirs could claim the same place. */
function refuseMixed(found: ReadonlyMap<string, string>): void {
  const destinations = [...found.values()];
  const twice = destinations.find((place, at) => destinations.indexOf(place) !== at);
  if (!twice) return;
  throw new InstallError(
    'refused',
    `${twice} is there twice: pointsman is installed among another project’s packages. Install it on its own (npm install --global pointsman), and use that one.`,
  );
}
