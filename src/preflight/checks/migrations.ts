import { setImmediate } from 'node:timers/promises';
import { brokeOff } from '../../hosts/broken-off.js';
import type { Host } from '../../hosts/host.js';
import { baseOf, matchesPattern } from '../../migrations/glob.js';
import type { MigrationProblem } from '../../migrations/problem.js';
import { sqliteSettings, type MigrationFiles } from '../../model/settings.js';
import { error, warning, type Check, type Said } from '../check.js';
import { reasonOf } from '../../model/reason.js';

/** More is not read: what these bounds leave out is said. */
const maxFiles = 200;
const maxBlocks = 2048; // of 512 bytes: 1 MiB

export const migrations: Check = {
  name: 'migrations',
  looksAt: 'no file of database.migrations.files commits in the middle of a batch of migrations',
  run: async ({ host, settings }) => {
    const wanted = sqliteSettings(settings)?.migrations;
    if (!wanted) return [];
    const { paths, said } = await findFiles(host, settings.directory, wanted);
    const place = { host, directory: settings.directory };
    for (const path of paths.slice(0, maxFiles)) said.push(...(await judgeFile(place, path, wanted)));
    if (paths.length > maxFiles) said.push(tooMany(paths.length));
    return said;
  },
};

interface Found {
  readonly paths: readonly string[];
  readonly said: Said[];
}

/** A pattern that matches nothing is an error: a slip of the pen would switch the check off. */
async function findFiles(host: Host, directory: string, { files }: MigrationFiles): Promise<Found> {
  const found = new Map<string, boolean>();
  const said: Said[] = [];
  for (const pattern of files) {
    const all = await filesBelow(host, directory, baseOf(pattern));
    if ('failed' in all) {
      said.push(
        error(`${pattern} cannot be looked for: ${all.failed}.`, 'Mend database.migrations.files, or the path.'),
      );
      continue;
    }
    const matching = all.paths.filter((path) => matchesPattern(pattern, path));
    if (matching.length === 0) {
      said.push(error(`${pattern} matches no SQL or Python file.`, 'Mend database.migrations.files.'));
    }
    for (const path of matching) found.set(path, all.large.has(path));
  }
  const paths = [...found.keys()].sort();
  const large = paths.filter((path) => found.get(path));
  said.push(...large.map((path) => warning(`${path} is larger than 1 MiB and was not read.`, 'Look at it yourself.')));
  return { paths: paths.filter((path) => !found.get(path)), said };
}

type Below = { readonly paths: readonly string[]; readonly large: ReadonlySet<string> } | { readonly failed: string };

async function filesBelow(host: Host, directory: string, base: string): Promise<Below> {
  const find = (...more: string[]) =>
    host.tryRun({ cwd: directory, argv: ['find', `./${base}`, ...findExpression, ...more, '-print0'] });
  const [all, large] = [await find(), await find('-size', `+${maxBlocks}`)];
  const failed = [all, large].find(({ exitCode }) => exitCode !== 0);
  if (failed) return { failed: failed.stderr.trim().split('\n').at(-1) || `exit code ${failed.exitCode}` };
  return { paths: pathsIn(all.stdout), large: new Set(pathsIn(large.stdout)) };
}

/** What tools install and hide does not count; the depth bounds what a misplaced `**` would search. */
const findExpression = [
  ...['-maxdepth', '12'],
  ...['(', '-name', '.?*', '-o', '-name', 'node_modules', '-o', '-name', 'venv', ')', '-prune', '-o'],
  ...['-type', 'f', '(', '-name', '*.sql', '-o', '-name', '*.py', ')'],
];

function pathsIn(stdout: string): string[] {
  return stdout
    .split('\0')
    .filter((path) => path !== '')
    .map((path) => path.replace(/^(\.\/)+/, ''));
}

interface Place {
  readonly host: Host;
  readonly directory: string;
}

async function judgeFile({ host, directory }: Place, path: string, { allow }: MigrationFiles): Promise<Said[]> {
  const text = await readOrSay(host, `${directory}/${path}`);
  if (typeof text !== 'string') return [text];
  // Parsing holds the worker up: between two files others have their turn.
  await setImmediate();
  const { findCommits } = await import('../../migrations/find-commits.js');
  return findCommits({ path, text }, allow).map(saidOf);
}

async function readOrSay(host: Host, path: string): Promise<string | Said> {
  try {
    return (await host.readFile(path)) ?? error(`${path} is gone.`, 'Try again.');
  } catch (cause) {
    if (brokeOff(cause)) throw cause;
    const reason = reasonOf(cause);
    return error(`${path} cannot be read: ${reason}.`, 'Let the user that deploys read it.');
  }
}

function saidOf({ path, line, column, rule, severity, statement, why, fix }: MigrationProblem): Said {
  const message = `${path}:${line}:${column} ${rule}: ${statement} ${why}.`;
  return { severity, message, fix };
}

function tooMany(count: number): Said {
  return warning(
    `${count} migration files match, and only the first ${maxFiles} were read.`,
    'Narrow database.migrations.files down to those that are still to come.',
  );
}
