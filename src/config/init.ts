import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, extname, resolve } from 'node:path';
import { readCompose, type AskCompose, type AskedCompose, type ComposeView } from './compose-view.js';
import { ciFiles, ciSteps, ciText, type CiKind } from './init-ci.js';
import { factsOf, projectNameOf, type InitFacts } from './init-facts.js';
import { configText, envText } from './init-text.js';
import { configFileName, loadSettings } from './load.js';
import { ConfigError, formatProblem, type Problem } from './problems.js';
import { firstFile, hasFileWithEnding, matchingFiles } from './project-files.js';
import { composeFileNames } from './resolve.js';

/** What `pointsman init` did. */
export interface InitResult {
  readonly written: readonly string[];
  /** What was there already: it is never overwritten. */
  readonly kept: readonly string[];
  readonly nextSteps: readonly string[];
}

export interface InitOptions {
  /** Whose file for tests, build and deploy is written too. @default none */
  readonly ci?: CiKind;
  /** For a Compose file that includes or extends others. Default: such a one is not looked at, and that is said. */
  readonly askCompose?: AskCompose;
}

/**
 * Writes what a project needs and does not have: `pointsman.yml`, a Compose file, `.env.example`, and what its CI runs.
 * A Compose file that is there is read, so that the others name its services and variables.
 *
 * @throws {ConfigError} when the Compose file that is there is no YAML.
 */
export async function initProject(directory: string, options: InitOptions = {}): Promise<InitResult> {
  const { ci } = options;
  const root = resolve(directory);
  await mkdir(root, { recursive: true });
  const project = projectNameOf(root);
  const existing = await firstFile(root, composeFileNames);
  const compose = existing ?? 'compose.yml';
  const outcomes: Outcome[] = [];
  if (existing === null) outcomes.push(await write(root, compose, await composeText(project)));
  else outcomes.push({ file: existing, written: false });
  const asked = await composeOf(root, compose, options.askCompose);
  const facts = await gatherFacts(root, { compose, project, asked });
  outcomes.push(await write(root, configFileName, configText(facts)));
  outcomes.push(await write(root, '.env.example', envText(await template('env.example'), facts)));
  if (ci) outcomes.push(await write(root, ciFiles[ci].file, await ciFileText(ci, facts)));
  const files = (written: boolean) => outcomes.filter((each) => each.written === written).map(({ file }) => file);
  const isNew = (file: string) => files(true).includes(file);
  const steps = isNew(configFileName) ? await firstSteps(root, { facts, compose, asked }) : ['pointsman check'];
  const later = ci && isNew(ciFiles[ci].file) ? ciSteps(ci, await hasFileWithEnding(root, '.py')) : [];
  return { written: files(true), kept: files(false), nextSteps: [...steps, ...later] };
}

interface Outcome {
  readonly file: string;
  readonly written: boolean;
}

/** `wx` lets the file system decide, so that nothing is overwritten even if it appears in this moment. */
async function write(root: string, file: string, text: string): Promise<Outcome> {
  const path = resolve(root, file);
  await mkdir(dirname(path), { recursive: true });
  try {
    await writeFile(path, text, { flag: 'wx' });
    return { file, written: true };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return { file, written: false };
    throw error;
  }
}

async function composeText(project: string): Promise<string> {
  return (await template('compose.yml')).replaceAll('@project@', project);
}

function template(name: string): Promise<string> {
  return readFile(new URL(`../../templates/${name}`, import.meta.url), 'utf8');
}

/** The pointsman that CI installs is the one that writes the file. */
async function ciFileText(ci: CiKind, facts: InitFacts): Promise<string> {
  const own = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(own) as { version: string };
  return ciText(await template(ciFiles[ci].template), facts, version);
}

/** As it is read here where it stands alone, else as Compose puts it together. */
async function composeOf(root: string, compose: string, ask?: AskCompose): Promise<AskedCompose> {
  const view = await readCompose(root, [compose]);
  if (view) return { view };
  return (await ask?.(root, [compose])) ?? { refused: 'it was not asked' };
}

interface FoundCompose {
  readonly compose: string;
  readonly asked: AskedCompose;
}

async function gatherFacts(
  root: string,
  { compose, project, asked }: FoundCompose & { readonly project: string },
): Promise<InitFacts> {
  const nothing: ComposeView = { files: [compose], services: new Map(), volumes: [] };
  const facts = factsOf('view' in asked ? asked.view : nothing, project);
  return { ...facts, migrations: await migrationPatterns(root) };
}

/** One pattern for each directory of that name, and each language in it. */
async function migrationPatterns(root: string): Promise<string[]> {
  const files = await matchingFiles(root, ['migrations/*', '*/migrations/*', '*/*/migrations/*']);
  const written = files.filter((file) => !file.endsWith('/__init__.py'));
  return [...new Set(written.map((file) => `${dirname(file)}/*${extname(file)}`))];
}

/** What is still wrong comes first: a deploy would refuse it. */
async function firstSteps(
  root: string,
  { facts: { image }, compose, asked }: FoundCompose & { readonly facts: InitFacts },
): Promise<string[]> {
  const unseen = 'refused' in asked ? [unseenProblem(compose, asked.refused)] : [];
  const problems = [...unseen.map(formatProblem), ...(await problemsIn(root, asked))];
  if (problems.length > 0) return [...problems, 'pointsman check'];
  return [
    `look at pointsman.yml: is the image of your app ${image}?`,
    'copy .env.example to .env and fill it in',
    'pointsman check',
    'pointsman deploy --release <release>',
  ];
}

/** No slot was seen, so nothing here may sound as if a deploy came next. */
function unseenProblem(file: string, reason: string): Problem {
  const message = `it includes or extends other files, and Compose does not tell what comes out: ${reason}`;
  const fix = 'mend that, and write the names of your slots and your router into pointsman.yml';
  return { file, line: null, column: null, message, fix };
}

async function problemsIn(root: string, asked: AskedCompose): Promise<string[]> {
  try {
    await loadSettings({ directory: root, askCompose: () => Promise.resolve(asked) });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(formatProblem);
    throw error;
  }
}
