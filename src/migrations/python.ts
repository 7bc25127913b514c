import type { SyntaxNode } from '@lezer/common';
import { parser } from '@lezer/python';
import type { Hit, Span } from './problem.js';
import { judgeCall, type PythonContext } from './python-calls.js';
import { childrenOf } from './python-literal.js';
import { SqlJudge } from './sql.js';

/** What in a Python migration breaks the batch, and its comments. */
export function judgePython(source: string): { hits: readonly Hit[]; comments: readonly Span[] } {
  const hits: Hit[] = [];
  const comments: Span[] = [];
  const context: PythonContext = { source, judge: new SqlJudge() };
  let unreadable = false;
  const tree = parser.parse(source);
  const connections = namedConnections(tree.topNode, source);
  tree.iterate({
    enter: ({ name, from, to, type, node }) => {
      if (type.isError) {
        // After the first the parser only guesses on; the rest is judged as far as it can be read.
        if (!unreadable) hits.push({ rule: 'unreadable', from, to: Math.max(to, from + 1) });
        unreadable = true;
      } else if (name === 'Comment') comments.push({ from, to });
      else if (name === 'CallExpression') hits.push(...judgeCall(node, context));
      else if (name === 'WithStatement') hits.push(...judgeWith(node, source, connections));
      else if (name === 'AssignStatement') hits.push(...judgeAssignment(node, source));
    },
  });
  return { hits, comments };
}

/**
 * `with connection:` commits at its end; `with lock:` does not. Only what is known for a connection counts: what
 * `sqlite3.connect()` returns, and what is called like one.
 */
function judgeWith(statement: SyntaxNode, source: string, connections: ReadonlySet<string>): Hit[] {
  return childrenOf(statement)
    .filter((each, at, all) => all[at - 1]?.name !== 'as' && isConnection(each, source, connections))
    .map(({ from, to }) => ({ rule: 'with-connection', from, to }));
}

function isConnection(node: SyntaxNode, source: string, connections: ReadonlySet<string>): boolean {
  if (node.name === 'CallExpression') return isConnect(node, source);
  const last = node.name === 'MemberExpression' ? node.lastChild : node;
  if (last?.name !== 'VariableName' && last?.name !== 'PropertyName') return false;
  const name = source.slice(last.from, last.to);
  return connections.has(name) || /^(.*_)?(conn|connection|con|cnx|db|database)$/i.test(name);
}

/** `aiosqlite.connect()` closes at the end of its block, and does not commit. */
function isConnect(call: SyntaxNode, source: string): boolean {
  return /^sqlite3(\.dbapi2)?\.connect\(/.test(source.slice(call.from, call.to).replaceAll(/\s/g, ''));
}

/** Variables that are given what `sqlite3.connect()` returns, whatever they are called. */
function namedConnections(root: SyntaxNode, source: string): ReadonlySet<string> {
  const names = new Set<string>();
  root.cursor().iterate(({ name, node }) => {
    if (name !== 'AssignStatement') return;
    const parts = childrenOf(node);
    const value = parts.at(-1);
    if (value?.name !== 'CallExpression' || !isConnect(value, source)) return;
    for (const target of parts.slice(0, -1)) {
      if (target.name === 'VariableName') names.add(source.slice(target.from, target.to));
    }
  });
  return names;
}

/** What is set to which value, pair by pair: `a, b.autocommit = 1, True`. */
function judgeAssignment(statement: SyntaxNode, source: string): Hit[] {
  const sides = sidesOf(statement);
  const values = sides.at(-1) ?? [];
  return sides.slice(0, -1).flatMap((targets) =>
    targets.flatMap((target, at) => {
      const value = targets.length === values.length ? values[at] : undefined;
      return value ? judgeSetting(target, source.slice(value.from, value.to), source) : [];
    }),
  );
}

function sidesOf(statement: SyntaxNode): SyntaxNode[][] {
  const sides: SyntaxNode[][] = [[]];
  for (const part of childrenOf(statement)) {
    if (part.name === 'AssignOp') sides.push([]);
    else if (part.name !== ',' && part.name !== 'TypeDef') sides.at(-1)?.push(part);
  }
  return sides;
}

function judgeSetting(target: SyntaxNode, value: string, source: string): Hit[] {
  const { from, to } = target.parent ?? target;
  if (target.name === 'MemberExpression' && target.lastChild?.name === 'PropertyName') {
    const name = source.slice(target.lastChild.from, target.lastChild.to);
    if (name === 'isolation_level' && value === 'None') return [{ rule: 'isolation-level', from, to }];
    if (name === 'autocommit' && value === 'True') return [{ rule: 'autocommit', from, to }];
    return [];
  }
  if (target.name !== 'VariableName' || value !== 'False') return [];
  const name = source.slice(target.from, target.to);
  const holder = target.parent?.parent;
  // Django's is an attribute of the migration, yoyo's stands by itself in the file.
  const django = name === 'atomic' && holder?.name === 'Body' && holder.parent?.name === 'ClassDefinition';
  const yoyo = name === '__transactional__' && holder?.name === 'Script';
  return django || yoyo ? [{ rule: 'no-transaction', from, to }] : [];
}
