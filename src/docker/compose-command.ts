import type { Command, Turn } from '../hosts/host.js';

/** Where a Compose project is: enough to build every command of it. */
export interface ComposeProject {
  readonly project: string;
  readonly directory: string;
  readonly composeFiles: readonly string[];
  /** Later files win. */
  readonly envFiles: readonly string[];
  /** Held by the kernel for as long as a command that changes something runs. */
  readonly lockFile: string;
}

/** The project as Compose sees it, profiles included. Changes nothing. */
export function configCommand(project: ComposeProject): Command {
  return compose(project, ['--profile', '*', 'config', '--format', 'json']);
}

/** What Compose makes of files, with variables as they are written: none needs a value. Changes nothing. */
export function modelCommand(directory: string, composeFiles: readonly string[]): Command {
  const project = { project: 'pointsman', directory, composeFiles, envFiles: [], lockFile: '' };
  return compose(project, ['--profile', '*', 'config', '--no-interpolate', '--format', 'json']);
}

/** What the project's variables are, by Compose's own rules for env files, quotes and `$`; not set is empty. */
export function variablesCommand(project: ComposeProject, names: readonly string[]): Command {
  const environment = Object.fromEntries(names.map((name) => [name, `\${${name}-}`]));
  const services = { [probeService]: { image: 'none', environment } };
  const { argv, cwd } = compose({ ...project, composeFiles: ['-'] }, ['config', '--format', 'json']);
  return { argv, ...(cwd === undefined ? {} : { cwd }), stdin: JSON.stringify({ services }) };
}

export const probeService = 'variables';

/** Creates a service's container without starting it, and leaves one that exists as it is. */
export function createCommand(project: ComposeProject, service: string): Command {
  return changing(project, ['create', '--no-recreate', service]);
}

/** Starts what is absent or stopped; a deploy never recreates a service that is no slot. */
export function ensureCommand(project: ComposeProject, services: readonly string[], timeoutMs: number): Command {
  return changing(project, ['up', '-d', '--no-deps', '--no-recreate', ...waiting(timeoutMs), ...services]);
}

/** Starts a slot by name: `--profile` would take the services without a profile along. */
export function upCommand(project: ComposeProject, service: string, timeoutMs: number): Command {
  const args = ['up', '-d', '--no-deps', '--pull', 'never', '--no-build', ...waiting(timeoutMs), service];
  return changing(project, args, 'act');
}

/** Stops by name: with `--profile` it would stop router and litestream too. */
export function stopCommand(project: ComposeProject, services: readonly string[]): Command {
  return changing(project, ['stop', ...services], 'act');
}

export function buildCommand(project: ComposeProject, service: string): Command {
  return changing(project, ['build', service]);
}

function waiting(timeoutMs: number): string[] {
  return ['--wait', '--wait-timeout', String(Math.ceil(timeoutMs / 1000))];
}

/**
 * A command that changes something, in its turn: a second attempt waits for the `docker compose` that a killed worker left
 * running.
 *
 * @param how what starts or stops a slot keeps out whatever was asked for before it and still waits; the rest only gives way.
 */
function changing(project: ComposeProject, args: readonly string[], how: Turn['how'] = 'look'): Command {
  return { ...compose(project, args), turn: { lockFile: project.lockFile, how } };
}

function compose({ project, directory, composeFiles, envFiles }: ComposeProject, args: readonly string[]): Command {
  const files = composeFiles.flatMap((file) => ['--file', file]);
  const environment = envFiles.flatMap((file) => ['--env-file', file]);
  const where = ['--project-name', project, '--project-directory', directory, ...files, ...environment];
  return { argv: ['docker', 'compose', '--progress', 'plain', ...where, ...args], cwd: directory };
}
