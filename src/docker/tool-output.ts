import type Docker from 'dockerode';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { finished } from 'node:stream/promises';
import { eachLine } from '../hosts/lines.js';
import { demultiplexed } from './streams.js';
import type { ToolOptions, ToolResult } from './tool-container.js';

/** Tells every line of progress as it comes. Returns how many it told: the engine may leave the last ones out. */
export async function followProgress(
  docker: Docker,
  container: Docker.Container,
  onProgress: ToolOptions['onProgress'],
): Promise<number> {
  const stream = await container.logs({ follow: true, stderr: true });
  const { stdout, stderr } = demultiplexed(docker, stream);
  let told = 0;
  if (onProgress) eachLine(stderr, (line) => void ((told += 1), onProgress(line)));
  stdout.resume();
  stderr.resume();
  await Promise.all([finished(stdout), finished(stderr)]);
  return told;
}

/**
 * Everything that a container which has ended had printed.
 *
 * Read anew and not from the stream that was followed: engine 20.10 may end that one with the container, whatever of its
 * output it has not sent by then.
 */
export async function printed(
  docker: Docker,
  container: Docker.Container,
  { onProgress, keepCharacters }: ToolOptions,
  told: number,
): Promise<Pick<ToolResult, 'stdout' | 'stderr'>> {
  // With `follow` it comes as a stream; of a container that has ended, that is no more than what there is.
  const { stdout, stderr } = demultiplexed(docker, await container.logs({ follow: true, stdout: true, stderr: true }));
  let line = 0;
  if (onProgress) eachLine(stderr, (text) => void ((line += 1) > told && onProgress(text)));
  const [out, errors] = await Promise.all([textOf(stdout, keepCharacters), textOf(stderr, keepCharacters)]);
  return { stdout: out, stderr: errors.trimEnd() };
}

/** All of it, or its last whole lines: a secret that is cut in half would not be recognised as one any more. */
async function textOf(stream: Readable, keep?: number): Promise<string> {
  if (keep === undefined) return text(stream);
  stream.setEncoding('utf8');
  let kept = '';
  let cut = false;
  for await (const piece of stream) {
    kept += piece as string;
    if (kept.length <= 2 * keep) continue;
    kept = kept.slice(-keep);
    cut = true;
  }
  if (!cut) return kept;
  const at = kept.indexOf('\n');
  return at < 0 ? '' : kept.slice(at + 1);
}
