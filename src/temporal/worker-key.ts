import type { Client } from '@temporalio/client';
import { connectClient } from './connection.js';
import { TemporalUnavailableError, type EmbeddedPlace, type ExternalPlace } from './place.js';
import { keepKey, newKey, readKey, readKeyFile, type SigningKey } from './signing-key.js';
import { knowsUnsigned, noteUnsigned } from './step-guard.js';
import { secureStateDirectory } from './state-directory.js';

/**
 * The key of a state directory, for the worker of the `up` that holds it. It is made by the first one, which notes what runs
 * already: that was asked for before anything was signed, and comes to its end.
 */
export async function keyOfState(place: EmbeddedPlace): Promise<SigningKey> {
  const { stateDirectory } = place;
  const kept = readKey(stateDirectory);
  if (kept) return kept;
  const key = newKey();
  noteUnsigned(stateDirectory, key, await runningOn(await connectClient(place)));
  keepKey(stateDirectory, key);
  return key;
}

/**
 * The key that a worker shares with its clients through a file; `null` where none is named.
 *
 * @param file as `POINTSMAN_SIGNING_KEY_FILE` names it.
 * @throws {TemporalUnavailableError} when it is not there, or is no key.
 */
export async function sharedKey(
  place: ExternalPlace,
  stateDirectory: string,
  file: string | null,
): Promise<SigningKey | null> {
  if (file === null) return null;
  const key = keyIn(file);
  secureStateDirectory(stateDirectory);
  if (!knowsUnsigned(stateDirectory, key)) {
    noteUnsigned(stateDirectory, key, await runningOn(await connectClient(place)));
  }
  return key;
}

/** @throws {TemporalUnavailableError} when the file is not there, or is no key. */
export function keyIn(file: string): SigningKey {
  const key = readKeyFile(file);
  if (key) return key;
  throw new TemporalUnavailableError(`POINTSMAN_SIGNING_KEY_FILE names ${file}, which does not exist.`);
}

async function runningOn({ connection, workflow }: Client): Promise<string[]> {
  const runIds: string[] = [];
  for await (const { runId } of workflow.list({ query: 'ExecutionStatus = "Running"' })) runIds.push(runId);
  await connection.close();
  return runIds;
}
