import type { Hit, Span } from './problem.js';
import type { SourceText } from './source-text.js';

/** Rules that comments allow, by the line that they speak of. */
export type AllowedByLine = ReadonlyMap<number, ReadonlySet<string>>;

/** Reads `pointsman: allow vacuum, commit` out of comments. One that has a line for itself speaks of the next. */
export function allowedByComments(source: SourceText, comments: readonly Span[]): AllowedByLine {
  const allowed = new Map<number, Set<string>>();
  for (const { from, to } of comments) {
    const names = /\bpointsman:\s*allow\s+([a-z-]+(?:[\s,]+[a-z-]+)*)/i.exec(source.text.slice(from, to))?.[1];
    if (names === undefined) continue;
    const { line } = source.place(to - 1);
    const about = source.beginsLine(from) ? line + 1 : line;
    // Inside of a statement that goes over several lines, a comment of its own line may close it too.
    for (const each of [line, about]) {
      const rules = allowed.get(each) ?? new Set();
      names.split(/[\s,]+/).forEach((name) => rules.add(name.toLowerCase()));
      allowed.set(each, rules);
    }
  }
  return allowed;
}

export function isAllowed(source: SourceText, allowed: AllowedByLine, { rule, from, to, around }: Hit): boolean {
  if (allowed.size === 0) return false;
  const first = source.place(around?.from ?? from).line;
  const last = source.place(Math.max(around?.to ?? to, from + 1) - 1).line;
  return [...allowed].some(([line, rules]) => line >= first && line <= last && rules.has(rule));
}
