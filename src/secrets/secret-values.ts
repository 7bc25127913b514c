import { isPublic, looksSecret, shortest, type Variable } from './public-value.js';

const none: ReadonlySet<string> = new Set();

/**
 * What must never be seen of `NAME=value` lines, as of a `.env` file or a container's environment: every value that is not
 * plainly public, and what is secret within one, such as the password of a URL.
 *
 * @param known names of what the app is made of, which are public. Default: none.
 */
export function secretValues(lines: readonly string[], known: ReadonlySet<string> = none): string[] {
  const secrets = lines.flatMap(variablesOf).flatMap((variable) => secretsOf(variable, known));
  return [...new Set(secrets)].filter((value) => !known.has(value));
}

/** A variable with its value in each way in which it may be meant: as it is, without a comment, and unquoted. */
function variablesOf(line: string): Variable[] {
  const [, name, rest = ''] = /^\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*[=:]([^]*)$/.exec(line) ?? [];
  if (name === undefined) return [];
  const value = rest.trim();
  // " #" begins a comment in an env file, and is part of the value in a container's environment.
  const values = [value, value.replace(/\s#[^]*$/, '').trim()].flatMap(unquoted);
  return [...new Set(values)].map((one) => ({ name, value: one }));
}

/** Within double quotes, an env file has escapes. */
function unquoted(value: string): string[] {
  const [, quote, inner = ''] = /^(["'])([^]*)\1$/.exec(value) ?? [];
  if (quote === undefined) return [value];
  return quote === "'"
    ? [inner]
    : [inner, inner.replace(/\\([^])/g, (_, escaped: string) => escapes[escaped] ?? escaped)];
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/** One value may lie within another: a URL in JSON, a list in a query. */
const mostNested = 3;

function secretsOf(variable: Variable, known: ReadonlySet<string>, depth = 0): string[] {
  const { name, value } = variable;
  const parts = depth < mostNested ? partsOf(value) : [];
  const within = parts.flatMap((part) => secretsOf(part, known, depth + 1));
  if (isPublic(variable, known)) return within;
  return [value, ...within, ...(looksSecret(name) ? elementsOf(value) : [])].filter(({ length }) => length >= shortest);
}

/** Of a list of keys, each; of `user:password`, the password. */
function elementsOf(value: string): string[] {
  const elements = value.includes('://') ? [] : value.split(',');
  return elements.flatMap((element) => [element.trim(), element.slice(element.indexOf(':') + 1).trim()]);
}

/** What is secret within a value: in a URL, in JSON, in `name=value` of a connection string or a query. */
function partsOf(value: string): Variable[] {
  const named = value.split(/[\s;&?,]+/).flatMap((piece) => {
    const [, name, part = ''] = /^([\w.-]{1,64})=([^]+)$/.exec(piece) ?? [];
    return name !== undefined && looksSecret(name) ? [{ name, value: part.replace(/^(["'])(.*)\1$/, '$2') }] : [];
  });
  return [...named, ...partsOfUrl(value), ...partsOfJson(value)].flatMap(({ name, value: part }) =>
    [...new Set([part, decoded(part)])].map((one) => ({ name, value: one })),
  );
}

/** The password, a token in the place of a user, and what follows the host where it is not plain. */
function partsOfUrl(url: string): Variable[] {
  const [, rest] = /^[a-z][a-z0-9+.:-]*:\/\/([^]*)$/i.exec(url) ?? [];
  if (rest === undefined) return [];
  const authority = rest.split(/[/?#]/, 1)[0] ?? '';
  // A password that is not encoded may hold what ends the authority.
  const user = (authority.includes('@') ? authority : rest).split('@').slice(0, -1).join('@');
  const colon = user.indexOf(':');
  const secret = colon < 0 ? user : user.slice(colon + 1);
  const path = /^[^/?#]*(\/[^]+)$/.exec(rest)?.[1] ?? '';
  const isToken = colon >= 0 || /^https?:/i.test(url);
  return [...(isToken && secret ? [{ name: 'PASSWORD', value: secret }] : []), { name: 'URL', value: path }];
}

function partsOfJson(text: string): Variable[] {
  if (!/^\s*[{[]/.test(text)) return [];
  const parts: Variable[] = [];
  try {
    JSON.parse(text, (name, value: unknown) => {
      if (typeof value !== 'string') return value;
      if (looksSecret(name)) parts.push({ name, value });
      parts.push(...partsOfUrl(value));
      return value;
    });
  } catch {
    // It only looks like JSON: its value as a whole is what is secret.
  }
  return parts;
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
