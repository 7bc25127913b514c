import type { Host } from '../hosts/host.js';

/** A file of one JSON object per line, oldest first. A line that is not whole is left out. */
export async function readRecordFile<Line>(host: Pick<Host, 'readFile'>, path: string): Promise<Line[]> {
  return linesOf(await host.readFile(path)).flatMap((line) => {
    try {
      return [JSON.parse(line) as Line];
    } catch {
      return [];
    }
  });
}

/**
 * Adds a line, once however often it is asked for. The file is written as a whole: whatever dies meanwhile, it has
 * either all of the line or nothing of it, and a line that was cut short before never swallows the next one.
 */
export async function addToRecordFile<Line>(
  host: Pick<Host, 'readFile' | 'writeFile'>,
  path: string,
  { line, same }: { readonly line: Line; readonly same: (other: Line) => boolean },
): Promise<void> {
  if ((await readRecordFile<Line>(host, path)).some(same)) return;
  const lines = linesOf(await host.readFile(path));
  await host.writeFile(path, [...lines, JSON.stringify(line), ''].join('\n'));
}

function linesOf(content: string | null): string[] {
  return (content ?? '').split('\n').filter(Boolean);
}
