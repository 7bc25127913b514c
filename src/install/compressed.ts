import { pipeline, type Readable } from 'node:stream';
import { createGzip } from 'node:zlib';

/** A stream, compressed; an error of its source is its own, so that whoever reads it learns of that. */
export function compressed(source: Readable, level: number): Readable {
  return pipeline(source, createGzip({ level }), () => {
    // Reported by the stream that is returned: pipeline has ended it with the same error.
  });
}
