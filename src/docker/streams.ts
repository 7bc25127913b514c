import { PassThrough, type Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type Docker from 'dockerode';

/**
 * Takes apart what the engine sends as one stream. When it breaks off (the daemon restarts, the connection to the host
 * is lost) both parts fail: without an error, who reads them would wait for ever.
 */
export function demultiplexed(docker: Docker, stream: NodeJS.ReadableStream): { stdout: Readable; stderr: Readable } {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  docker.modem.demuxStream(stream, stdout, stderr);
  finished(stream, { writable: false }).then(
    () => void (stdout.end(), stderr.end()),
    (error: Error) => void (stdout.destroy(error), stderr.destroy(error)),
  );
  return { stdout, stderr };
}
