import { CommandError } from '../hosts/command-error.js';
import type { Host } from '../hosts/host.js';
import { createRedactor } from '../secrets/redact.js';
import { secretValues } from '../secrets/secret-values.js';
import { composeNames } from './compose-names.js';
import { readEnvLines } from './env-file.js';
import { describeEnvProblem, envProblemOf } from './env-problem.js';

/** The files of a project whose content Compose may quote. */
export interface ProjectFiles {
  readonly composeFiles: readonly string[];
  readonly envFiles: readonly string[];
}

/**
 * A failure of Compose in words that can be shown. Compose quotes what it cannot read, so where it refuses an env file its words
 * are replaced as a whole, by the file, the line and what kind of thing is wrong there. From what else it says, secrets are
 * blanked out. What it printed on its standard output is dropped: of `config` that is the value of every variable.
 */
export async function withoutSecrets(host: Host, { result }: CommandError, files: ProjectFiles): Promise<CommandError> {
  const stderr =
    refusedEnvFile.test(result.stderr) || readerWords.test(result.stderr)
      ? await envFileRefusal(host, result.stderr)
      : await blankedOut(host, result.stderr, files);
  return new CommandError({ ...result, stdout: '', stderr });
}

/** Also of an `env_file` that only Compose knows of. */
const refusedEnvFile = /^failed to read (\/.*?): /im;

/** What the reader says, should Compose ever put something else before it. */
const readerWords = /unterminated quoted value|in variable name|key cannot contain a space|Invalid template/;

async function envFileRefusal(host: Host, said: string): Promise<string> {
  const path = refusedEnvFile.exec(said)?.[1];
  if (path === undefined) return describeEnvProblem('An env file of the project', envProblemOf(null, said));
  // A directory, say: then only Compose's words tell what kind it is.
  const text = await host.readFile(path).catch(() => null);
  return describeEnvProblem(path, envProblemOf(text, said));
}

async function blankedOut(host: Host, said: string, { composeFiles, envFiles }: ProjectFiles): Promise<string> {
  const lines = await Promise.all(envFiles.map((file) => readEnvLines(host, file)));
  const composed = await Promise.all(composeFiles.map((file) => host.readFile(file)));
  const known = composed.map((text) => composeNames(text ?? '')).flatMap(({ names, images }) => [...names, ...images]);
  const redact = createRedactor(secretValues(lines.flat(), new Set(known)));
  return redact(
    said
      .split('\n')
      .filter((line) => !isGuess(line, composed.join('\n')))
      .join('\n'),
  );
}

/** A warning of a variable that no Compose file names: a `$` inside of a secret, and what follows it. */
function isGuess(line: string, composeFiles: string): boolean {
  const name = /level=warning msg="The \\"(\w+)\\" variable is not set/.exec(line)?.[1];
  return name !== undefined && !new RegExp(`\\$\\{?${name}\\b`).test(composeFiles);
}
