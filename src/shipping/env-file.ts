import { describeEnvProblem } from '../docker/env-problem.js';
import { envLine, parseEnvFile } from '../docker/env-syntax.js';
import { BundleError, type BundleFile } from './bundle.js';

type Variables = Readonly<Record<string, string | undefined>>;

/** An env file of the project, as it was read. */
type Base = Pick<BundleFile, 'path' | 'content'>;

/**
 * The app's `.env`, for its owner only: what the project's own env file says, then the named variables, with their values as
 * Compose reads them back.
 *
 * @param base the project's own env file. Default: none.
 * @throws {BundleError} naming every variable that has no value (an empty secret would only be found by the app) or one that no
 *   env file can hold; or the line of `base` that Compose would refuse. No value is in the message.
 */
export function envFile(names: readonly string[], variables: Variables, base?: Base): BundleFile {
  checkNames(names);
  checkValues(names, variables);
  if (base) checkBase(base);
  const head = base?.content ?? Buffer.alloc(0);
  const lines = names.map((name) => `${envLine(name, variables[name] ?? '')}\n`);
  const between = head.length === 0 || head.at(-1) === lineBreak ? '' : '\n';
  return { path: '.env', mode: 0o600, content: Buffer.concat([head, Buffer.from([between, ...lines].join(''))]) };
}

const lineBreak = '\n'.charCodeAt(0);

/** What Compose takes for a variable in `${NAME}`. */
const validName = /^[A-Za-z_]\w*$/;

/** Whoever writes `--env NAME=value` means well: the value must not be shown, nor reach a list of processes once more. */
function checkNames(names: readonly string[]): void {
  const wrong = names.find((name) => !validName.test(name));
  if (wrong === undefined) return;
  const named = /^([A-Za-z_]\w*)=/.exec(wrong)?.[1];
  const which = named === undefined ? 'what was given has other characters' : `${named} was given with a value`;
  throw new BundleError(
    `A variable is named by letters, digits and _ only, and ${which}. Write --env ${named ?? 'NAME'} and set its value where this runs.`,
  );
}

function checkValues(names: readonly string[], variables: Variables): void {
  const missing = names.filter((name) => !variables[name]);
  if (missing.length > 0) {
    const [have, them] = missing.length === 1 ? ['has', 'it'] : ['have', 'them'];
    throw new BundleError(
      `${missing.join(', ')} ${have} no value here. Set ${them} ` +
        'where this runs (GitLab: Settings > CI/CD > Variables, for protected branches too), or remove it from ship.env and --env.',
    );
  }
  const unfit = names.filter((name) => isNoText(variables[name] ?? ''));
  if (unfit.length > 0) {
    throw new BundleError(
      `${unfit.join(', ')}: not UTF-8 text, which no env file of Compose can hold. Set it as base64, say.`,
    );
  }
}

/** Node reads bytes that are no UTF-8 as U+FFFD: what they were is lost by then. */
function isNoText(value: string): boolean {
  return /[\0\uFFFD]|\p{Surrogate}/u.test(value);
}

/** An open quote in it would swallow the variables that come after it. */
function checkBase({ path, content }: Base): void {
  const { problem } = parseEnvFile(content.toString());
  if (problem) throw new BundleError(describeEnvProblem(path, problem));
}
