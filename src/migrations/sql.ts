import type { EntityName, Node, PragmaStmt, Statement } from 'sql-parser-cst';
import type { Hit, Span } from './problem.js';
import type { MigrationRuleName } from './rules.js';
import { parseSql } from './sql-parser.js';
import { splitSql, type SqlStatement } from './sql-statements.js';
import { SourceText } from './source-text.js';

export interface SqlHits {
  readonly hits: readonly Hit[];
  readonly comments: readonly Span[];
}

/**
 * The parser takes about 10 ms for each KiB. What is beyond this in one text is judged by its first words alone, as
 * statements that only carry data would hold a worker up for seconds.
 */
const parsedBytes = 32 << 10;

/** What each kind of statement is; the others break nothing. */
const ruleOfWord: Readonly<Partial<Record<string, MigrationRuleName>>> = {
  BEGIN: 'begin',
  COMMIT: 'commit',
  END: 'commit',
  ROLLBACK: 'rollback',
  VACUUM: 'vacuum',
  ATTACH: 'attach',
  DETACH: 'attach',
};

const ruleOfType: Readonly<Partial<Record<Statement['type'], MigrationRuleName>>> = {
  start_transaction_stmt: 'begin',
  commit_transaction_stmt: 'commit',
  rollback_transaction_stmt: 'rollback',
  vacuum_stmt: 'vacuum',
  attach_database_stmt: 'attach',
  detach_database_stmt: 'attach',
};

const ruleOfPragma: Readonly<Partial<Record<string, MigrationRuleName>>> = {
  journal_mode: 'journal-mode',
  foreign_keys: 'foreign-keys',
  synchronous: 'synchronous',
  wal_checkpoint: 'checkpoint',
};

/** Judges SQL statement by statement; savepoints are known from one text to the next of the same file. */
export class SqlJudge {
  private readonly savepoints = new Set<string>();

  /** @param reportUnreadable false where parts of the text are not known, so that a refusal means nothing. */
  judge(text: string, reportUnreadable = true): SqlHits {
    const { statements, comments } = splitSql(text);
    let parsed = 0;
    const hits = statements.flatMap((statement) => {
      const ends = statement.words.some((word) => word in ruleOfWord || /^(PRAGMA|SAVEPOINT|RELEASE)$/.test(word));
      if (!ends) parsed += statement.to - statement.from;
      if (!ends && parsed > parsedBytes) return [];
      return this.judgeStatement(text.slice(statement.from, statement.to), statement, reportUnreadable);
    });
    return { hits, comments };
  }

  private judgeStatement(text: string, { from, to, words }: SqlStatement, reportUnreadable: boolean): Hit[] {
    const result = parseSql(text);
    if ('statement' in result) {
      const rule = this.ruleOf(result.statement);
      return rule ? [{ rule, from, to }] : [];
    }
    const rule = this.ruleOfWords(words, text);
    if (rule) return [{ rule, from, to }];
    return reportUnreadable && isReadingNeeded(text)
      ? [{ rule: 'unreadable', from, to, at: from + offsetIn(text, result) }]
      : [];
  }

  private ruleOf(statement: Statement): MigrationRuleName | null {
    if (statement.type === 'pragma_stmt') return pragmaRule(statement);
    if (statement.type === 'savepoint_stmt') return this.set(nameOf(statement.savepoint));
    if (statement.type === 'release_savepoint_stmt') return this.end(nameOf(statement.savepoint));
    if (statement.type === 'rollback_transaction_stmt' && statement.savepoint) {
      return this.end(nameOf(statement.savepoint.savepoint));
    }
    return ruleOfType[statement.type] ?? null;
  }

  /** For what the parser does not know: SQLite tells these statements by their first word too. */
  private ruleOfWords(words: readonly string[], text: string): MigrationRuleName | null {
    const [first = ''] = words;
    if (first === 'PRAGMA') return pragmaRuleOfText(text);
    if (words.includes('TO') && first === 'ROLLBACK') return null;
    return ruleOfWord[first] ?? null;
  }

  private set(name: string): null {
    this.savepoints.add(name);
    return null;
  }

  private end(name: string): MigrationRuleName | null {
    return this.savepoints.has(name) ? null : 'savepoint';
  }
}

/** `PRAGMA foreign_keys` alone only asks. */
function pragmaRule({ pragma }: PragmaStmt): MigrationRuleName | null {
  const name = pragma.type === 'pragma_assignment' || pragma.type === 'pragma_func_call' ? pragma.name : pragma;
  const rule = ruleOfPragma[nameOf(name)] ?? null;
  return rule === 'checkpoint' || pragma.type === 'pragma_assignment' || pragma.type === 'pragma_func_call'
    ? rule
    : null;
}

/** Of one whose value the parser does not know, such as a negative number. */
function pragmaRuleOfText(text: string): MigrationRuleName | null {
  const [, name = '', value] = /^PRAGMA\s+(?:\w+\s*\.\s*)?(\w+)\s*([=(])?/i.exec(text) ?? [];
  const rule = ruleOfPragma[name.toLowerCase()] ?? null;
  return rule === 'checkpoint' || value !== undefined ? rule : null;
}

function nameOf(node: EntityName | Node): string {
  if (node.type === 'identifier') return node.name.toLowerCase();
  return node.type === 'member_expr' ? nameOf(node.property) : '';
}

/** The parser has no negative numbers in pragmas, and which these are does not matter. */
function isReadingNeeded(text: string): boolean {
  return !/^PRAGMA\s+[\w.]+\s*(=\s*[+-]\s*\d+|\(\s*[+-]\s*\d+\s*\))$/i.test(text);
}

function offsetIn(text: string, { line, column }: { line: number; column: number }): number {
  const start = new SourceText(text).offset(line);
  return Math.min(start + column - 1, Math.max(text.length - 1, 0));
}
