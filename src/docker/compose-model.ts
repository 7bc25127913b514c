import { join, resolve } from 'node:path';
import { CommandError } from '../hosts/command-error.js';
import type { Host } from '../hosts/host.js';
import { lastLine } from '../model/last-line.js';
import { modelCommand } from './compose-command.js';
import { withoutSecrets } from './compose-words.js';

/** Compose files of a directory, before there is anything else of a project. */
export interface ComposeFiles {
  /** Absolute. */
  readonly directory: string;
  readonly files: readonly string[];
}

/**
 * What Compose makes of files that include or extend others, with variables as they are written; `refused` says why it makes
 * nothing of them, without anything of an env file. Needs Compose, and no engine.
 */
export async function composeModel(
  host: Host,
  { directory, files }: ComposeFiles,
): Promise<{ readonly model: unknown } | { readonly refused: string }> {
  const composeFiles = files.map((file) => resolve(directory, file));
  try {
    const { stdout } = await host.run(modelCommand(directory, composeFiles));
    return { model: JSON.parse(stdout) as unknown };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const { exitCode } = error.result;
    if (exitCode === null || exitCode === 127) return { refused: 'docker compose cannot be started here' };
    const { result } = await withoutSecrets(host, error, { composeFiles, envFiles: [join(directory, '.env')] });
    return { refused: lastLine(result.stderr) };
  }
}
