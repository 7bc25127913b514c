import type { CommandResult } from './host.js';
import { commandLine } from './quote.js';

/**
 * Thrown by {@link Host.run} when a command did not exit with 0. The message is short and for people: which
 * command, which way it died, and its own last words.
 */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly result: CommandResult;

  constructor(result: CommandResult) {
    super(`${commandLine(result.command.argv)} ${wayItDied(result)}${lastWords(result)}`);
    this.result = result;
  }
}

function wayItDied(result: CommandResult): string {
  if (result.cancelled) return 'was cancelled';
  if (result.timedOut) return `did not end within ${result.durationMs} ms`;
  if (result.signal) return `was ended by ${result.signal}`;
  // 127 is a shell's word for a program that is not there.
  return result.exitCode === null || result.exitCode === 127
    ? 'could not be started'
    : `failed (exit code ${result.exitCode})`;
}

function lastWords({ stdout, stderr }: CommandResult): string {
  const lines = (stderr.trim() || stdout.trim()).split('\n').slice(-5).join('\n');
  return lines ? `: ${lines}` : '';
}
