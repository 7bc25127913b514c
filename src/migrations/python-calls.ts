import type { SyntaxNode } from '@lezer/common';
import { childrenOf, literalOf } from './python-literal.js';
import type { Hit } from './problem.js';
import type { MigrationRuleName } from './rules.js';
import type { SqlJudge } from './sql.js';

export interface PythonContext {
  readonly source: string;
  readonly judge: SqlJudge;
}

const ruleOfMethod: Readonly<Partial<Record<string, MigrationRuleName>>> = {
  commit: 'commit',
  rollback: 'rollback',
  executescript: 'executescript',
  autocommit_block: 'autocommit',
};

/** Methods that take SQL first: sqlite3, Django, SQLAlchemy, peewee. */
const sqlMethods = new Set(['execute', 'executemany', 'executescript', 'exec_driver_sql', 'execute_sql']);

/** Calls that take SQL in all of their arguments: Django's RunSQL and yoyo's step, each with its way back. */
const sqlFunctions = new Set(['RunSQL', 'step']);

/** Calls around a literal that leave it what it is. */
const wrappers = new Set(['text', 'dedent', 'DDL', 'SQL', 'cleandoc']);

/** What a call does by itself, and what the SQL in it does. */
export function judgeCall(call: SyntaxNode, context: PythonContext): Hit[] {
  const { name, isMethod } = calleeOf(call, context.source);
  const rule = isMethod ? ruleOfMethod[name] : undefined;
  const hits: Hit[] = rule ? [{ rule, from: call.from, to: call.to, ...methodPlace(call) }] : [];
  const all = sqlFunctions.has(name);
  if (!all && !(isMethod && sqlMethods.has(name))) return hits;
  const given = argumentsOf(call, context.source);
  return [...hits, ...(all ? given : given.slice(0, 1)).flatMap((argument) => judgeSql(argument, call, context))];
}

/** In a chain over several lines, the method is what one looks for. */
function methodPlace(call: SyntaxNode): { at?: number } {
  const method = call.firstChild?.lastChild;
  return method?.name === 'PropertyName' && call.firstChild?.firstChild?.name === 'CallExpression'
    ? { at: method.from }
    : {};
}

export function calleeOf(call: SyntaxNode, source: string): { name: string; isMethod: boolean } {
  const callee = call.firstChild;
  const last = callee?.name === 'MemberExpression' ? callee.lastChild : callee;
  const isMethod = last?.name === 'PropertyName';
  return { name: isMethod || last?.name === 'VariableName' ? source.slice(last.from, last.to) : '', isMethod };
}

/** Its values in order, those of named arguments included, except for what is unpacked. */
function argumentsOf(call: SyntaxNode, source: string): SyntaxNode[] {
  const given: SyntaxNode[][] = [[]];
  for (const part of childrenOf(call.getChild('ArgList') ?? call)) {
    if (part.name === ',') given.push([]);
    else if (part.name !== '(' && part.name !== ')' && part.name !== 'Comment') given.at(-1)?.push(part);
  }
  return given.flatMap((parts) => {
    const [first, operator, value] = parts;
    if (operator?.name === 'AssignOp' && first && value) return namesSql(first, source) ? [value] : [];
    return parts.length === 1 && first ? [first] : [];
  });
}

function namesSql({ from, to }: SyntaxNode, source: string): boolean {
  return ['sql', 'reverse_sql', 'statement', 'apply', 'rollback', 'sqltext', 'query'].includes(source.slice(from, to));
}

function judgeSql(argument: SyntaxNode, call: SyntaxNode, context: PythonContext): Hit[] {
  if (argument.name === 'ArrayExpression' || argument.name === 'TupleExpression') {
    return childrenOf(argument).flatMap((each) => judgeSql(each, call, context));
  }
  if (argument.name === 'CallExpression' && wrappers.has(calleeOf(argument, context.source).name)) {
    return argumentsOf(argument, context.source)
      .slice(0, 1)
      .flatMap((each) => judgeSql(each, call, context));
  }
  const literal = literalOf(argument, context.source);
  if (!literal) return [];
  // The parser knows no `%s` of Django and SQLAlchemy; a parameter of the same length keeps every place.
  const sql = literal.text.replaceAll(/%s\b|%\(\w+\)s/g, (written) => '?'.padStart(written.length));
  const { hits, comments } = context.judge.judge(sql, literal.whole);
  const place = (offset: number): number => literal.offsets[offset] ?? argument.to;
  const around = { from: call.from, to: call.to };
  const allowed = (hit: Hit) =>
    comments.some(({ from, to }) => allows(sql.slice(from, to), hit) && touches(sql, { from, to }, hit));
  return hits
    .filter((hit) => !allowed(hit))
    .map(({ rule, from, to, at }) => ({
      rule,
      from: place(from),
      to: place(to),
      around,
      ...(at === undefined ? {} : { at: place(at) }),
    }));
}

function allows(comment: string, { rule }: Hit): boolean {
  const names = /\bpointsman:\s*allow\s+([a-z-\s,]+)/i.exec(comment)?.[1] ?? '';
  return names
    .toLowerCase()
    .split(/[\s,]+/)
    .includes(rule);
}

/** The comment lies in the statement, on one of its lines, or on the line before. */
function touches(sql: string, comment: { from: number; to: number }, { from, to }: Hit): boolean {
  const between = comment.from < from ? sql.slice(comment.to, from) : sql.slice(to, comment.from);
  const breaks = between.split('\n').length - 1;
  return comment.from < from ? breaks <= 1 && between.trim() === '' : breaks === 0;
}
