import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const docs = new URL('../../docs/', import.meta.url);
const file = 'zero-downtime.md';

/** Puts figures into docs/zero-downtime.md in place of those that are there; the prose around them stays. */
export async function document(name: string, markdown: string): Promise<void> {
  const path = fileURLToPath(new URL(file, docs));
  await writeFile(path, embedded(await readFile(path, 'utf8'), name, markdown));
}

export async function documentPicture(name: string, svg: string): Promise<void> {
  await writeFile(fileURLToPath(new URL(`images/${name}.svg`, docs)), svg);
}

/** @throws where the page has no such place. */
export function embedded(page: string, name: string, markdown: string): string {
  const [begin, end] = [`<!-- ${name}: written by the bench -->`, `<!-- end of ${name} -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`${file} has no place between "${begin}" and "${end}"`);
  return `${page.slice(0, from + begin.length)}\n${markdown.trim()}\n${page.slice(to)}`;
}

/** `2026-11-26`, or the first and the last day. */
export function daysText(times: readonly number[]): string {
  const days = [...new Set(times.map((ms) => new Date(ms).toISOString().slice(0, 10)))].sort();
  return days.length > 1 ? `${days[0]} to ${days.at(-1)}` : (days[0] ?? 'never');
}
