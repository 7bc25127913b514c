import { allowedByComments, isAllowed } from './allowed.js';
import { judgeMarkers } from './markers.js';
import type { Hit, MigrationFile, MigrationProblem, Span } from './problem.js';
import { judgePython } from './python.js';
import { migrationRules } from './rules.js';
import { SourceText } from './source-text.js';
import { SqlJudge } from './sql.js';

/**
 * Everything in a migration that would end the batch's transaction, or does not do inside of it what it looks like,
 * from top to bottom. Never throws, whatever the text is.
 *
 * @param allow names of rules that are not applied.
 */
export function findCommits(file: MigrationFile, allow: readonly string[]): MigrationProblem[] {
  const source = new SourceText(file.text);
  const { hits, comments } = file.path.endsWith('.py') ? judgePython(source.text) : judgeSql(source.text);
  const allowed = allowedByComments(source, comments);
  return hits
    .filter((hit) => !allow.includes(hit.rule) && !isAllowed(source, allowed, hit))
    .map((hit) => problemOf(file.path, source, hit))
    .sort((one, other) => one.line - other.line || one.column - other.column);
}

function judgeSql(text: string): { hits: readonly Hit[]; comments: readonly Span[] } {
  const { hits, comments } = new SqlJudge().judge(text);
  return { hits: [...hits, ...judgeMarkers(text, comments)], comments };
}

function problemOf(path: string, source: SourceText, hit: Hit): MigrationProblem {
  const { line, column } = source.place(hit.at ?? hit.from);
  return { path, line, column, rule: hit.rule, statement: source.excerpt(hit), ...migrationRules[hit.rule] };
}
