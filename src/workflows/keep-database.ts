import { leftAsItIs, type BackupManifest } from '../model/database.js';
import type { Run } from './ending.js';

/**
 * From now on nothing is restored by itself, whatever comes: users may have written through the release, and the backup
 * has none of it. Whoever has to decide is told which backup is from before.
 */
export function keepDatabase({ story, undo }: Run, backup: BackupManifest | null): void {
  // PostgreSQL is never put back by itself, and told of in any case.
  if (!backup || !undo.drop('restoreDatabase')) return;
  story.kept = backup;
  const release = story.release ?? 'the release';
  undo.afterwards(() => {
    story.warnings.push(`users may have written through ${release}: ${leftAsItIs(backup)}`);
    return Promise.resolve();
  });
}
