import { readFileSync } from 'node:fs';

/** The end of a log file, for the message of an error. */
export function lastLinesOf(path: string, count: number): string {
  return readFileSync(path, 'utf8').trim().split('\n').slice(-count).join('\n');
}
