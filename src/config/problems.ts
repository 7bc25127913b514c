import { visibleLine } from '../model/foreign-text.js';

/** A place in a file that a person edits; `null` where only the file as a whole can be named. */
export interface Position {
  readonly file: string;
  readonly line: number | null;
  readonly column: number | null;
}

/** One thing that is wrong in a file, and what to do about it. */
export interface Problem extends Position {
  /** What is wrong, beginning with the key: `slots.green: …`. */
  readonly message: string;
  /** The reader's next move. */
  readonly fix: string;
}

/** Thrown by {@link loadConfig} and {@link resolveSettings} when `pointsman.yml` cannot be used as it is. Holds every problem at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const sorted = sortProblems(problems);
    super(formatProblems(sorted));
    this.problems = sorted;
  }
}

/** One problem as one line: `pointsman.yml:7:3  slots.green: … → fix`. Controls in keys and values are written out. */
export function formatProblem({ file, line, column, message, fix }: Problem): string {
  const place = line === null ? file : `${file}:${line}:${column ?? 1}`;
  return visibleLine(`${place}  ${message} → ${fix}`);
}

/** A whole report: one line per problem. */
export function formatProblems(problems: readonly Problem[]): string {
  return problems.map(formatProblem).join('\n');
}

/** In the order in which a person mends them: file by file as they were read, from top to bottom; each one once. */
function sortProblems(problems: readonly Problem[]): Problem[] {
  const files = [...new Set(problems.map(({ file }) => file))];
  const unique = new Map(problems.map((problem) => [formatProblem(problem), problem]));
  return [...unique.values()].sort(
    (a, b) =>
      files.indexOf(a.file) - files.indexOf(b.file) ||
      (a.line ?? 0) - (b.line ?? 0) ||
      (a.column ?? 0) - (b.column ?? 0),
  );
}
