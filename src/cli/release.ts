import { releasePattern } from '../model/names.js';
import { Exit, exitCodes } from './exit-codes.js';

/** @throws {Exit} `usage` for a name that is none of a release. */
export function requireRelease(release: string): string {
  if (releasePattern.test(release)) return release;
  throw new Exit(
    exitCodes.usage,
    `--release ${release} cannot be an image tag: use letters, digits, "_", "." and "-".`,
  );
}
