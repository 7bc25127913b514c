import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/**
 * Calls `onLine` with every line of a stream, beside whoever reads it whole.
 *
 * When the stream breaks off, that reader hears of it. readline says it once more, and an `error` event that nobody
 * listens to would end this whole process: here a worker with all the deploys on it.
 */
export function eachLine(stream: Readable, onLine: (line: string) => void): void {
  createInterface({ input: stream })
    .on('line', onLine)
    .on('error', () => undefined);
}
