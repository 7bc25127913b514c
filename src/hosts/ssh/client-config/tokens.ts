import { unsupportedAt } from './keywords.js';
import type { ConfigLine } from './lines.js';

/** What each token stands for: `h` for `%h`. */
export type Tokens = Readonly<Record<string, string>>;

/**
 * Puts in what tokens such as `%h` stand for (ssh_config(5), TOKENS); `%%` is a percent sign.
 *
 * @param line where the text is from.
 * @throws {SshError} `usage` at any other token.
 */
export function expandTokens(text: string, tokens: Tokens, line: ConfigLine): string {
  return text.replaceAll(/%(.?)/gs, (token, letter: string) => {
    const value = letter === '%' ? '%' : tokens[letter];
    if (value !== undefined) return value;
    throw unsupportedAt(line, 'Write out what it stands for.', `${token} in ${line.written}`);
  });
}

/**
 * The same for a path, which may begin with `~`.
 *
 * @param tokens with `d`, the home directory, and `u`, the local user.
 * @throws {SshError} `usage` also at a variable, `${…}`, and at the home of another user.
 */
export function expandPath(
  path: string,
  tokens: Tokens & { readonly d: string; readonly u: string },
  line: ConfigLine,
): string {
  const variable = /\$\{[^}]*\}|^\$.*/.exec(path)?.[0];
  if (variable) throw unsupportedAt(line, 'Write the path out.', `${variable} in ${line.written}`);
  const [tilde, user] = /^~([^/]*)/.exec(path) ?? [];
  if (tilde === undefined) return expandTokens(path, tokens, line);
  if (user && user !== tokens.u) throw unsupportedAt(line, 'Write the path out.', `${tilde} in ${line.written}`);
  return tokens.d + expandTokens(path.slice(tilde.length), tokens, line);
}
