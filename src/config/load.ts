import { relative, resolve } from 'node:path';
import type { Settings } from '../model/settings.js';
import { chooseEnvironment } from './environment.js';
import { applyComposeRules } from './compose-rules.js';
import { readCompose, type AskCompose, type ComposeView } from './compose-view.js';
import { draftOf, placesIn, type Draft } from './draft.js';
import { ConfigError, type Position, type Problem } from './problems.js';
import { readIfThere } from './project-files.js';
import { findProjectFiles, toSettings, type ProjectFiles } from './resolve.js';
import { applyRules } from './rules.js';
import { fileSchema } from './schema.js';
import { schemaProblems } from './schema-problems.js';
import { planShipping, type Shipping } from './shipping.js';
import { parseYaml, type YamlSource } from './yaml-source.js';

export const configFileName = 'pointsman.yml';

export interface LoadOptions {
  /** Directory of the project: where `pointsman.yml` and the Compose files are. */
  readonly directory: string;
  /** @default 'pointsman.yml' */
  readonly file?: string;
  /** May be left out where there is only one. */
  readonly environment?: string;
  /** Reads the file as if it were this, without writing it. */
  readonly edit?: (text: string) => string;
  /** For Compose files that include or extend others. Default: what is between those and `pointsman.yml` is not looked at. */
  readonly askCompose?: AskCompose;
}

/** One environment as `pointsman.yml` and the Compose files describe it. */
export interface Project {
  readonly settings: Settings;
  readonly shipping: Shipping;
}

/**
 * The settings of one environment, from `pointsman.yml`.
 *
 * @throws {ConfigError} with every problem of the file and of the Compose files that it names.
 */
export async function loadSettings(options: LoadOptions): Promise<Settings> {
  return (await loadProject(options)).settings;
}

/**
 * The settings of one environment, and what another machine would need of its directory.
 *
 * @throws {ConfigError} as {@link loadSettings}.
 */
export async function loadProject(options: LoadOptions): Promise<Project> {
  const { directory, file, environment, edit } = options;
  const root = resolve(directory);
  const source = await readConfig(root, file ?? configFileName, edit);
  const choice = chooseEnvironment(source, environment);
  const draft = draftOf(source, choice.environment);
  const files = await findProjectFiles(root, draft);
  const problems = [...wholeFileProblems(source), ...draft.problems, ...applyRules(draft), ...files.problems];
  if (choice.environment === null) throw new ConfigError([...problems, choice.problem]);
  const { compose, problems: between } = await betweenFiles(files, draft, options.askCompose);
  const shipping = planShipping(draft, files, compose);
  problems.push(...between, ...(draft.keys.hosts.length > 0 ? shipping.problems : []));
  if (problems.length > 0) throw new ConfigError(problems);
  return { settings: toSettings(choice.environment, draft.keys, files), shipping };
}

async function readConfig(root: string, file: string, edit: LoadOptions['edit']): Promise<YamlSource> {
  const path = resolve(root, file);
  const name = relative(root, path);
  const text = await readIfThere(root, name);
  if (text === null) throw unusable({ ...whole(name), message: 'is not there', fix: 'run: pointsman init' });
  const source = parseYaml(name, edit ? edit(text) : text);
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

interface BetweenFiles {
  /** `null` where Compose puts its files together from more than is read here. */
  readonly compose: ComposeView | null;
  readonly problems: readonly Problem[];
}

/** What the Compose files say against the draft, as far as the draft itself says anything that can be relied on. */
async function betweenFiles(
  { directory, composeFiles }: ProjectFiles,
  draft: Draft,
  askCompose?: AskCompose,
): Promise<BetweenFiles> {
  try {
    if (composeFiles.length === 0) return { compose: null, problems: [] };
    const compose = await readCompose(directory, composeFiles);
    if (!isComparable(draft)) return { compose, problems: [] };
    const view = compose ?? (await askedView(directory, composeFiles, askCompose));
    return { compose, problems: view ? applyComposeRules(view, draft) : [] };
  } catch (error) {
    if (error instanceof ConfigError) return { compose: null, problems: error.problems };
    throw error;
  }
}

/** `null` where Compose cannot be asked here, or refuses: preflight asks it where the app runs, and says why. */
async function askedView(directory: string, files: readonly string[], ask?: AskCompose): Promise<ComposeView | null> {
  const asked = await ask?.(directory, files);
  return asked && 'view' in asked ? asked.view : null;
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
