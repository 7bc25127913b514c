import { resolve } from 'node:path';
import type { Settings } from '../model/settings.js';
import { composeProblems } from './compose-rules.js';
import { chooseEnvironment } from './environment.js';
import { explainIssues } from './explain.js';
import { exists, readIfThere } from './files.js';
import { ConfigError, type Problem } from './problems.js';
import { resolveSettings } from './resolve.js';
import { ruleProblems } from './rules.js';
import { fileSchema, type ConfigFile } from './schema.js';
import { findSurroundings } from './surroundings.js';
import { YamlSource } from './yaml-source.js';

export const configFileName = 'pointsman.yml';

export interface LoadOptions {
  /** Directory of the project: where `pointsman.yml` and the Compose files are. */
  readonly directory: string;
  /** @default 'pointsman.yml' */
  readonly file?: string | undefined;
  /** May be left out where there is only one. */
  readonly environment?: string | undefined;
}

/**
 * Reads `pointsman.yml` for one environment. Reads the Compose files too, as text: what is wrong between the
 * two is best said before anything is started.
 *
 * @throws ConfigError with every problem found.
 */
export async function loadSettings({ directory, file = configFileName, environment }: LoadOptions): Promise<Settings> {
  const source = await readSource(resolve(directory), file);
  const config = validate(source);
  const chosen = chooseEnvironment(source, config, environment);
  const surroundings = await findSurroundings(source, { config, environment: chosen, directory: resolve(directory) });
  const settings = resolveSettings(config, chosen, surroundings);
  const problems = [...ruleProblems(source, settings), ...(await composeProblems(source, settings))];
  refuseIfAny(problems);
  return settings;
}
