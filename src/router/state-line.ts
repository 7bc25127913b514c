/** A state of the router as one comment line of its config: by it the state is known again, whoever reads the file. */
export interface StateLine<State> {
  /** The line for a state, with its end. */
  write(state: State): string;
  /** The state that a config has; `null` when it has none. */
  read(config: string | null): State | null;
}

/**
 * @param keys what of the state stands in the line; the rest is known from the settings.
 */
export function stateLine<State>(heading: string, keys: readonly (keyof State & string)[]): StateLine<State> {
  const start = `# ${heading}: `;
  return {
    write: (state) => `${start}${JSON.stringify(state, [...keys])}\n`,
    read: (config) => {
      const line = config?.split('\n').find((text) => text.startsWith(start));
      return line ? (JSON.parse(line.slice(start.length)) as State) : null;
    },
  };
}

/**
 * JSON in a single-quoted string of nginx's: what nginx would take for its own (quotes, backslashes, variables) is written as
 * a code point, which JSON reads back.
 */
export function quotedJson(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll(/\\(["\\/bfnrt])/g, (_, escaped: string) => codePoint(meant[escaped] ?? escaped))
    .replaceAll(/['$\u007f-\uffff]/g, codePoint);
}

const meant: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

function codePoint(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Exactly this text as a regular expression, of nothing that nginx or PCRE could take for its own. `%41` is its byte. */
export function bytesOf(text: string): string {
  return text.replaceAll(/%([0-9A-Fa-f]{2})|[^A-Za-z0-9/_~@:-]/gu, (character, hex: string | undefined) =>
    hex ? `\\x${hex}` : [...Buffer.from(character)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join(''),
  );
}

/** As {@link bytesOf}, of a path that may have a query: nginx looks at the path alone. */
export function pathOf(path: string): string {
  return bytesOf(path.replace(/\?.*/, ''));
}
