/** Names of variables whose values must never be seen. */
const secretName = /KEY|SECRET|PASSWORD|PASSWD|TOKEN|CREDENTIAL|DSN|PRIVATE/i;

/** Shorter ones would blank out ordinary words. */
const shortest = 6;

export function looksSecret(name: string): boolean {
  return secretName.test(name);
}

/** Values of secret-looking variables in `NAME=value` lines, as of a `.env` file or a container's environment. */
export function secretValues(lines: readonly string[]): string[] {
  const values = lines
    .map((line) => /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*)$/s.exec(line))
    .filter((match) => match !== null && looksSecret(match[1] ?? ''))
    .map((match) => (match?.[2] ?? '').trim());
  // " #" begins a comment in an env file, and is part of the value in a container's environment.
  return [...new Set(values.flatMap((value) => [unquote(value), unquote(value.replace(/\s+#.*$/s, ''))]))];
}

function unquote(value: string): string {
  return /^(["']).*\1$/s.test(value) ? value.slice(1, -1) : value;
}

/**
 * Replaces every secret value in a text, in the forms in which programs print it, and credentials inside URLs
 * and Authorization headers whether their value is known or not.
 */
export function createRedactor(values: readonly string[]): (text: string) => string {
  const forms = values
    // A key of several lines is printed line by line.
    .flatMap((value) => [value, ...value.split('\n').map((line) => line.trim())])
    .filter((value) => value.length >= shortest)
    .flatMap((value) => [
      value,
      encodeURIComponent(value),
      JSON.stringify(value).slice(1, -1),
      Buffer.from(value).toString('base64'),
    ])
    .sort((one, other) => other.length - one.length);
  return (text) =>
    forms
      .reduce((left, form) => left.replaceAll(form, '[redacted]'), text)
      .replaceAll(/(\w+:\/\/[^\s/:@]*:)[^\s/@]+@/g, '$1[redacted]@')
      .replaceAll(/(authorization["']?:\s*["']?[\w-]+\s+)[^\s"']+/gi, '$1[redacted]');
}
