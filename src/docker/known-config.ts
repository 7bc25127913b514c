import { createHash } from 'node:crypto';
import type { Command, Host } from '../hosts/host.js';

/** What Compose has said last of each project of a host, and of what content of its files. */
const known = new WeakMap<Host, Map<string, { readonly of: string; readonly said: string }>>();

const most = 50;

/** Their content is part of what Compose says, and only Compose knows which files they are. */
const namesOthers = /\b(include|extends|env_file|label_file)\b/;

/**
 * What a command that reads a Compose project says. Compose takes a quarter of a second for it and is asked several times in a
 * deploy, so it is asked again only where one of the files has changed. A Compose file that names further files is
 * asked about each time.
 */
export async function saidOf(host: Host, command: Command, files: readonly string[]): Promise<string> {
  const contents = await Promise.all(files.map((file) => host.readFile(file)));
  if (contents.some((content) => namesOthers.test(content ?? ''))) return (await host.run(command)).stdout;
  const key = JSON.stringify(command);
  // Not the content itself: there are secrets in it.
  const of = createHash('sha256').update(JSON.stringify(contents)).digest('hex');
  const ofHost = known.get(host) ?? new Map<string, { of: string; said: string }>();
  known.set(host, ofHost);
  const before = ofHost.get(key);
  if (before?.of === of) return before.said;
  const { stdout } = await host.run(command);
  ofHost.set(key, { of, said: stdout });
  // Each release that is sent to a host has a directory of its own: those of long ago are not asked about any more.
  const oldest = ofHost.size > most ? ofHost.keys().next().value : undefined;
  if (oldest !== undefined) ofHost.delete(oldest);
  return stdout;
}
