import { pino, type DestinationStream, type Logger } from 'pino';
import { visibleJson } from './model/foreign-text.js';

/**
 * The worker's log: one JSON line per event. What others wrote stands in the messages of errors, and pino escapes no more of it
 * than JSON asks for; a line that a person looks at, or that a CI job shows, is harmless besides.
 */
export function workerLogger(destination: DestinationStream): Logger {
  return pino(
    { base: null, level: 'info', timestamp: pino.stdTimeFunctions.isoTime },
    { write: (line) => destination.write(visibleJson(line)) },
  );
}
