/** More pairs of lines than that are not compared: one text is shown as gone, the other as new. */
const mostPairs = 4_000_000;

/** How one text becomes another, line by line: `  ` stays, `- ` goes, `+ ` comes. */
export function lineDiff(before: string, after: string): string[] {
  const [was, is] = [linesOf(before), linesOf(after)];
  if (was.length * is.length > mostPairs) return [...was.map(gone), ...is.map(come)];
  const common = commonLengths(was, is);
  const lines: string[] = [];
  let [at, to] = [0, 0];
  while (at < was.length || to < is.length) {
    if (at < was.length && to < is.length && was[at] === is[to]) {
      lines.push(`  ${was[at]}`);
      at += 1;
      to += 1;
    } else if (to >= is.length || (at < was.length && lengthAt(common, at + 1, to) >= lengthAt(common, at, to + 1))) {
      lines.push(gone(was[at] ?? ''));
      at += 1;
    } else {
      lines.push(come(is[to] ?? ''));
      to += 1;
    }
  }
  return lines;
}

function linesOf(text: string): string[] {
  const lines = text.split('\n');
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

const gone = (line: string): string => `- ${line}`;
const come = (line: string): string => `+ ${line}`;

/** For each place in both, how many lines the rests have in common. */
function commonLengths(was: readonly string[], is: readonly string[]): Uint32Array[] {
  const table = Array.from({ length: was.length + 1 }, () => new Uint32Array(is.length + 1));
  for (let at = was.length - 1; at >= 0; at -= 1) {
    for (let to = is.length - 1; to >= 0; to -= 1) {
      const row = table[at];
      if (!row) continue;
      row[to] =
        was[at] === is[to]
          ? lengthAt(table, at + 1, to + 1) + 1
          : Math.max(lengthAt(table, at + 1, to), lengthAt(table, at, to + 1));
    }
  }
  return table;
}

function lengthAt(table: readonly Uint32Array[], at: number, to: number): number {
  return table[at]?.[to] ?? 0;
}
