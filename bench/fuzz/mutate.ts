/** Gives whole numbers from 0 and below a limit. */
export type Next = (below: number) => number;

/** One of several. */
export function oneOf<Value>(next: Next, values: readonly Value[]): Value {
  const value = values[next(values.length)];
  if (value === undefined) throw new Error('there is nothing to choose from');
  return value;
}

/** What more than one syntax takes for its own. */
const anywhere = [
  ...['', ' ', '\n', '\t', '\r\n', '\0', '\u001b[2J', '\u0085', '\u2028', '\uFEFF', '\uD800', '😀', 'é', '字'],
  ...[
    '"',
    "'",
    '`',
    '\\',
    '#',
    ';',
    ':',
    '=',
    ',',
    '|',
    '>',
    '-',
    '~',
    '!',
    '?',
    '*',
    '&',
    '%',
    '@',
    '$',
    '${',
    '{',
    '}',
  ],
  ...['[', ']', '(', ')', '<<', '0', '-1', '1e309', '99999999999999999999', '0x1F', '.nan', '-.inf', 'null', 'true'],
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'a'.repeat(300)],
];

/** A text with a few of its lines and characters gone, doubled, swapped or replaced. */
export function mutated(next: Next, text: string, pieces: readonly string[] = []): string {
  let result = text;
  for (let left = 1 + next(4); left > 0; left -= 1) result = mutatedOnce(next, result, [...anywhere, ...pieces]);
  return result;
}

function mutatedOnce(next: Next, text: string, pieces: readonly string[]): string {
  const lines = text.split('\n');
  const at = next(text.length + 1);
  const line = next(lines.length);
  switch (next(7)) {
    case 0:
      return text.slice(0, at) + oneOf(next, pieces) + text.slice(at);
    case 1:
      return text.slice(0, at) + oneOf(next, pieces) + text.slice(at + 1 + next(12));
    case 2:
      return text.slice(0, at);
    case 3:
      return lines.toSpliced(line, 1 + next(3)).join('\n');
    case 4:
      return lines.toSpliced(next(lines.length + 1), 0, ...lines.slice(line, line + 1 + next(5))).join('\n');
    case 5:
      return text.slice(0, at) + oneOf(next, pieces).repeat(1 + next(200)) + text.slice(at);
    default:
      return lines.with(line, oneOf(next, pieces) + oneOf(next, pieces)).join('\n');
  }
}
