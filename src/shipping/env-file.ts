import { BundleError, type BundleFile } from './bundle.js';

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * The app's `.env`, for its owner only: what the project's own env file says, then the named variables.
 *
 * @throws {BundleError} naming every variable that has no value: an empty secret would only be found by the app.
 */
export function envFile(names: readonly string[], variables: Variables, base = ''): BundleFile {
  const missing = names.filter((name) => !variables[name]);
  if (missing.length > 0) {
    const [have, them] = missing.length === 1 ? ['has', 'it'] : ['have', 'them'];
    throw new BundleError(
      `${missing.join(', ')} ${have} no value here. Set ${them} ` +
        'where this runs (GitLab: Settings > CI/CD > Variables, for protected branches too), or remove it from ship.env and --env.',
    );
  }
  const lines = names.map((name) => `${name}=${quoted(variables[name] ?? '')}`);
  const head = base === '' || base.endsWith('\n') ? base : `${base}\n`;
  return { path: '.env', mode: 0o600, content: Buffer.from([head, ...lines.map((line) => `${line}\n`)].join('')) };
}

/**
 * A value as Compose's env files take it literally: in single quotes nothing is special; one that holds a single quote
 * itself, or a line break, goes into double quotes, where `\`, `"` and `$` are escaped.
 */
function quoted(value: string): string {
  if (!/['\n\r]/.test(value)) return `'${value}'`;
  const escaped = value
    .replace(/[\\"$]/g, String.raw`\$&`)
    .replaceAll('\n', String.raw`\n`)
    .replaceAll('\r', String.raw`\r`);
  return `"${escaped}"`;
}
