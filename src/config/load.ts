import { relative, resolve } from 'node:path';
import type { Settings } from '../model/settings.js';
import { chooseEnvironment } from './environment.js';
import { applyComposeRules } from './compose-rules.js';
import { readCompose } from './compose-view.js';
import { draftOf, placesIn, type Draft } from './draft.js';
import { ConfigError, type Position, type Problem } from './problems.js';
import { readIfThere } from './project-files.js';
import { findProjectFiles, toSettings, type ProjectFiles } from './resolve.js';
import { applyRules } from './rules.js';
import { fileSchema } from './schema.js';
import { schemaProblems } from './schema-problems.js';
import { parseYaml, type YamlSource } from './yaml-source.js';

export const configFileName = 'pointsman.yml';

export interface LoadOptions {
  /** Directory of the project: where `pointsman.yml` and the Compose files are. */
  readonly directory: string;
  /** @default 'pointsman.yml' */
  readonly file?: string;
  /** May be left out where there is only one. */
  readonly environment?: string;
}

/**
 * The settings of one environment, from `pointsman.yml`.
 *
 * @throws {ConfigError} with every problem of the file and of the Compose files that it names.
 */
export async function loadSettings({ directory, file, environment }: LoadOptions): Promise<Settings> {
  const root = resolve(directory);
  const source = await readConfig(root, file ?? configFileName);
  const choice = chooseEnvironment(source, environment);
  const draft = draftOf(source, choice.environment);
  const files = await findProjectFiles(root, draft);
  const problems = [...wholeFileProblems(source), ...draft.problems, ...applyRules(draft), ...files.problems];
  if (choice.environment === null) throw new ConfigError([...problems, choice.problem]);
  problems.push(...(await betweenFiles(files, draft)));
  if (problems.length > 0) throw new ConfigError(problems);
  return toSettings(choice.environment, draft.keys, files);
}

async function readConfig(root: string, file: string): Promise<YamlSource> {
  const path = resolve(root, file);
  const name = relative(root, path);
  const text = await readIfThere(path);
  if (text === null) throw unusable({ ...whole(name), message: 'is not there', fix: 'run: pointsman init' });
  const source = parseYaml(name, text);
  // `init` never overwrites, so it is of use only once an empty file is gone.
  if (source.value === null) {
    throw unusable({ ...whole(name), message: 'is empty', fix: 'remove it and run: pointsman init' });
  }
  if (typeof source.value !== 'object' || Array.isArray(source.value)) {
    const fix = 'begin with a line such as project: shop';
    throw unusable({ file: name, line: 1, column: 1, message: 'is not a map of keys', fix });
  }
  return source;
}

/** The keys that the Compose rules read. */
const comparedKeys = ['slots', 'router', 'database', 'replica'];

/** While one service has two parts to play, every rule about either would give advice against the other. */
function isComparable(draft: Draft): boolean {
  const { keys } = draft;
  const services = [
    keys.slots.blue,
    keys.slots.green,
    keys.router.service,
    ...(keys.replica ? [keys.replica.service] : []),
  ];
  return comparedKeys.every((key) => draft.isSound([key])) && new Set(services).size === services.length;
}

/** What the Compose files say against the draft, as far as the draft itself says anything that can be relied on. */
async function betweenFiles({ directory, composeFiles }: ProjectFiles, draft: Draft): Promise<Problem[]> {
  try {
    const compose = composeFiles.length > 0 ? await readCompose(directory, composeFiles) : null;
    return compose && isComparable(draft) ? applyComposeRules(compose, draft) : [];
  } catch (error) {
    if (error instanceof ConfigError) return [...error.problems];
    throw error;
  }
}

function whole(file: string): Position {
  return { file, line: null, column: null };
}

function unusable(problem: Problem): ConfigError {
  return new ConfigError([problem]);
}

/** Environments that were not chosen are checked too: their turn comes later, and in CI. */
function wholeFileProblems(source: YamlSource): Problem[] {
  const result = fileSchema.safeParse(source.value);
  return result.success ? [] : schemaProblems(result.error.issues, placesIn(source));
}
