import { ConfigError } from '../config/problems.js';
import { whyEngineIsAway } from '../docker/engine-away.js';
import { SshError } from '../hosts/ssh/error.js';
import { BundleError } from '../shipping/bundle.js';
import { TemporalUnavailableError } from '../temporal/place.js';
import { endWith, outliveReaders } from './end.js';
import { Exit, exitCodes, type ExitCode } from './exit-codes.js';
import { writeError } from './output.js';
import { createProgram } from './program.js';
import { Session } from './session.js';
import { version } from './this-package.js';

async function run(act: (session: Session) => Promise<ExitCode>): Promise<void> {
  let code: ExitCode;
  try {
    code = await act(new Session());
  } catch (error) {
    code = explain(error);
  }
  await endWith(code);
}

/** Expected ends are words; only a bug shows its stack. */
function explain(error: unknown): ExitCode {
  const say = (text: string): void => writeError(`${text}\n`);
  if (error instanceof Exit) {
    if (error.message) say(error.message);
    return error.code;
  }
  if (error instanceof ConfigError) {
    say(error.message);
    return exitCodes.usage;
  }
  if (error instanceof TemporalUnavailableError) {
    say(error.message);
    return exitCodes.unavailable;
  }
  if (error instanceof SshError) {
    say(error.message);
    return error.problem === 'usage' ? exitCodes.usage : exitCodes.unreachable;
  }
  if (error instanceof BundleError) {
    say(error.message);
    return exitCodes.usage;
  }
  const engineAway = whyEngineIsAway(error);
  if (engineAway !== null) {
    say(engineAway);
    return exitCodes.unreachable;
  }
  say(`pointsman failed in a way that it did not foresee; please report this:\n${whereFrom(error)}`);
  return exitCodes.unexpected;
}

/** Errors of native code have no stack. */
function whereFrom(error: unknown): string {
  return (error instanceof Error && error.stack) || String(error);
}

outliveReaders();
await createProgram(run, version)
  .parseAsync()
  .catch((error: unknown) => endWith(explain(error)));
