import { join } from 'node:path';
import { environmentDirectory } from '../docker/slots-env.js';
import { actBehindFence } from '../hosts/fence.js';
import type { Host } from '../hosts/host.js';
import { BundleError, packFiles, releaseDirectory, type Bundle } from './bundle.js';

/** Unpacked beside and renamed: a directory of a release is whole, or not there. What was cut short is removed later. */
const unpack = `
set -eu
(umask 022; mkdir -p "$1")
find "$1" -mindepth 1 -maxdepth 1 -name '.unpacking-*' -mmin +60 -exec rm -rf {} +
staging=$(mktemp -d "$1/.unpacking-XXXXXXXX")
tar -x -p --no-same-owner -C "$staging" -f -
chmod 755 "$staging"
sync "$staging"
mv -T "$staging" "$1/$2"
`;

/**
 * Puts a release's files onto a host and returns their directory, relative to that of the environment.
 *
 * @throws {BundleError} when they cannot be written there.
 */
export async function placeBundle(host: Host, { label, files }: Bundle): Promise<string> {
  const directory = releaseDirectory(label);
  const [parent = '', name = ''] = directory.split('/');
  const into = join(environmentDirectory(host, label), parent);
  const command = { argv: ['sh', '-c', unpack, 'sh', into, name] as const, stdin: packFiles(files) };
  const { exitCode, stderr } = await host.tryRun(command);
  if (exitCode === 0) return directory;
  const full = /No space left on device|Wrote only/i.test(stderr);
  const reason = full
    ? 'No space left on device. Free some space there: docker image prune, df -h.'
    : (stderr.trim().split('\n')[0] ?? '');
  throw new BundleError(`The release cannot be written to ${into} on ${host.name}: ${reason}`);
}

const link = `
set -eu
cd "$1"
if test -e current && ! test -L current; then echo "$1/current is no link of pointsman's: move it away" >&2; exit 1; fi
ln -sfn "$2" .current-new
mv -T .current-new current
`;

/**
 * Marks the release that is live: `current` is where a person looks, and where a rollback finds the Compose files.
 *
 * @throws {OvertakenError} where a later step has marked one.
 */
export async function markCurrent(host: Host, place: Place, directory: string): Promise<void> {
  const root = environmentDirectory(host, place);
  await actBehindFence(host, join(root, 'current'), { script: link, args: [root, directory] });
}

type Place = Parameters<typeof environmentDirectory>[1];

/**
 * Those given are kept, and what is younger than a day: it may belong to a deploy that has not begun yet. So is what is not
 * named as a release of {@link placeBundle}: release, time and six digits.
 */
const prune = `
set -eu
cd "$1"
shift
find . -mindepth 1 -maxdepth 1 -type d -name '[!.]*-????????T??????Z-??????' -mmin +1440 | sed 's|^\\./||' | while IFS= read -r name; do
  keep=
  for each; do [ "$each" != "$name" ] || keep=yes; done
  [ -n "$keep" ] || { rm -rf -- "$name"; echo "$name"; }
done
`;

/** Removes the files of old releases; returns which. @param keep directories, relative to that of the environment. */
export async function pruneReleases(host: Host, place: Place, keep: readonly string[]): Promise<string[]> {
  const names = keep.map((directory) => directory.replace(/^releases\//, ''));
  const directory = join(environmentDirectory(host, place), 'releases');
  const { stdout } = await host.run({ argv: ['sh', '-c', prune, 'sh', directory, ...names] });
  return stdout.split('\n').filter(Boolean);
}
