import { isDeepStrictEqual } from 'node:util';
import { isMap, isScalar, parseDocument, stringify, type YAMLMap } from 'yaml';

/**
 * `pointsman.yml` with more keys of `router`, which are written where the environment has a `router` of its own, else where
 * all environments read it. Everything else stays as it is, to the byte, and so does a key that is there already.
 */
export function withRouterKeys(text: string, environment: string, keys: Readonly<Record<string, string>>): string {
  const file = parseDocument(text);
  const own = ['environments', environment, 'router'];
  const section = file.hasIn(own) ? own : ['router'];
  const added = Object.entries(keys).filter(([key]) => !file.hasIn([...section, key]) && !file.hasIn(['router', key]));
  if (added.length === 0) return text;
  const changed = spliced(text, file.getIn(section), added);
  if (!isMap(file.getIn(section))) file.setIn(section, file.createNode({}));
  for (const [key, value] of added) file.setIn([...section, key], value);
  const right = changed !== null && isDeepStrictEqual(parseDocument(changed).toJS(), file.toJS());
  // Written anew by the library, some spaces are others than before.
  return right ? changed : file.toString({ lineWidth: 0 });
}

/** Which of these keys are there already with another value, where {@link withRouterKeys} leaves them: `router.port: 80`. */
export function otherRouterKeys(text: string, environment: string, keys: Readonly<Record<string, string>>): string[] {
  const file = parseDocument(text);
  return Object.entries(keys).flatMap(([key, value]) => {
    const there = file.getIn(['environments', environment, 'router', key]) ?? file.getIn(['router', key]);
    if (typeof there !== 'string' && typeof there !== 'number') return [];
    return `${there}` === value ? [] : [`router.${key}: ${there}`];
  });
}

type Added = readonly (readonly [string, string])[];

/** `null`: there is no place where lines could simply be put. */
function spliced(text: string, section: unknown, added: Added): string | null {
  const pairs = added.map(([key, value]) => `${key}: ${stringify(value, { lineWidth: 0 }).trim()}`);
  if (section === undefined) {
    const end = text === '' || text.endsWith('\n') ? text : `${text}\n`;
    return `${end}router:\n${pairs.map((pair) => `  ${pair}\n`).join('')}`;
  }
  if (!isMap(section) || section.items.length === 0 || !section.range) return null;
  return section.flow ? intoFlow(text, section, pairs) : intoBlock(text, section, pairs);
}

function intoFlow(text: string, { range }: YAMLMap, pairs: readonly string[]): string {
  const end = (range?.[1] ?? 0) - 1;
  const [, before = '', space = ''] = /^(.*?)(\s*)$/s.exec(text.slice(0, end)) ?? [];
  const comma = before.endsWith(',') ? ' ' : ', ';
  return `${before}${comma}${pairs.join(', ')}${space}${text.slice(end)}`;
}

function intoBlock(text: string, section: YAMLMap, pairs: readonly string[]): string | null {
  const [first] = section.items;
  const start = isScalar(first?.key) ? first.key.range?.[0] : undefined;
  if (start === undefined) return null;
  const line = text.slice(text.lastIndexOf('\n', start - 1) + 1, start);
  return /^ +$/.test(line)
    ? `${text.slice(0, start)}${pairs.map((pair) => `${pair}\n${line}`).join('')}${text.slice(start)}`
    : null;
}
