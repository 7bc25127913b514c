import type { z } from 'zod';
import { durationPattern } from './duration.js';
import { suggestion } from './nearest.js';
import type { Problem } from './problems.js';
import { knownKeys, schemaNodeAt, withoutNull, type SchemaNode } from './schema-node.js';
import type { KeyPath, YamlSource } from './yaml-source.js';

type Issue = z.core.$ZodIssue;

/** Keys of the design that later versions bring; said apart from typing errors. */
const laterKeys = [
  'bake',
  'approval',
  'canary',
  'database.holdWrites',
  'database.migrate',
  'environments.*.hosts',
  'environments.*.bake',
  'environments.*.approval',
  'environments.*.canary',
];

/** What zod found, as problems with a place and a way out. */
export function explainIssues(source: YamlSource, issues: readonly Issue[]): Problem[] {
  return issues.flatMap((issue) => {
    const path = issue.path as KeyPath;
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(source, [...path, key]));
    return [wrongValue(source, path, issue)];
  });
}

function unknownKey(source: YamlSource, path: KeyPath): Problem {
  const name = path.join('.');
  const pattern = path.map((key, at) => (at === 1 && path[0] === 'environments' ? '*' : key)).join('.');
  if (laterKeys.includes(pattern)) {
    return source.problem(path, { message: `${name}: not in this version yet`, fix: 'remove it' });
  }
  const fix = suggestion(String(path.at(-1)), knownKeys(path.slice(0, -1)));
  return source.problem(path, { message: `${name}: unknown key`, fix });
}

function wrongValue(source: YamlSource, path: KeyPath, issue: Issue): Problem {
  const name = path.join('.') || 'the file';
  const key = path.at(-1) ?? '';
  if (issue.code === 'invalid_key') {
    const message = `${name}: ${issue.issues[0]?.message ?? issue.message}`;
    return source.problem(path, { message, fix: `rename it, for instance to ${nameFrom(String(key))}` });
  }
  const node = withoutNull(schemaNodeAt(path));
  const value = valueAt(source.value, path);
  if (value === undefined) return source.problem(path, { message: `${name}: missing`, fix: example(key, node, 'add') });
  if (typeof value === 'number' && node?.pattern === durationPattern.source) {
    return source.problem(path, { message: `${name}: durations need a unit`, fix: `write ${value}s` });
  }
  return source.problem(path, {
    message: `${name}: ${issue.message}, not ${inWords(value)}`,
    fix: example(key, node, 'write'),
  });
}

/** "write timeout: 120s"; for an item of a list only the value, for a map one of its keys. */
function example(key: string | number, node: SchemaNode | null, verb: string): string {
  const [child] = Object.entries(node?.properties ?? {});
  if (child) return `${verb} ${key}: { ${child[0]}: ${flow(child[1].examples?.[0])} }`.replace(' :', '');
  const shown = node?.examples?.[0];
  if (shown === undefined) return node?.enum ? `one of: ${node.enum.join(', ')}` : 'see docs/configuration.md';
  return `${verb} for instance ${key}: ${flow(shown)}`;
}

function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  return `{ ${Object.entries(value)
    .map(([key, held]) => `${key}: ${flow(held)}`)
    .join(', ')} }`.replace('{  }', '{}');
}

function inWords(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  return typeof value === 'string' ? `"${value}"` : `the ${typeof value} ${String(value)}`;
}

function nameFrom(text: string): string {
  const name = text.toLowerCase().replace(/[^a-z0-9_-]+/g, '-');
  return name.replace(/^[-_]+|-+$/g, '') || 'production';
}

function valueAt(value: unknown, path: KeyPath): unknown {
  return path.reduce<unknown>(
    (held, key) => (typeof held === 'object' && held !== null ? (held as Record<string, unknown>)[key] : undefined),
    value,
  );
}
