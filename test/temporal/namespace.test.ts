import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { readEnvironment } from '../../src/cli/environment.js';
import { connectClient } from '../../src/temporal/connection.js';
import { serverArguments, serverListens, startServer, stopServer } from '../../src/temporal/embedded-server.js';
import { prepareNamespace } from '../../src/temporal/namespace.js';
import type { EmbeddedPlace } from '../../src/temporal/place.js';
import { searchAttributeNames } from '../../src/temporal/search-attributes.js';
import { freePort } from '../support/free-port.js';

/** State of a server whose namespace an earlier version has made, with one search attribute. */
async function earlierState(): Promise<EmbeddedPlace> {
  const { temporal } = readEnvironment({ ...process.env, TEMPORAL_ADDRESS: '', TEMPORAL_PROFILE: '' });
  if (temporal.kind !== 'embedded' || !temporal.cli) throw new Error('there is no Temporal CLI');
  const stateDirectory = await mkdtemp(join(tmpdir(), 'pointsman-namespace-'));
  const place = { ...temporal, stateDirectory, port: await freePort(), uiPort: await freePort() };
  onTestFinished(async () => {
    await stopServer(place);
    await rm(stateDirectory, { recursive: true, force: true });
  });
  const all = serverArguments(place);
  const first = all.indexOf('--search-attribute');
  const later = (word: string, at: number): boolean => at > first + 1 && /^(--search-attribute$|Pointsman)/.test(word);
  const child = spawn(
    temporal.cli,
    all.filter((word, at) => !later(word, at)),
    { stdio: 'ignore', detached: true },
  );
  await writeFile(join(stateDirectory, 'temporal.pid'), String(child.pid));
  while (!serverListens(place)) await sleep(100);
  await connectClient(place).then(({ connection }) => connection.close());
  await stopServer(place);
  return place;
}

async function attributesOf(place: EmbeddedPlace): Promise<string[]> {
  const { connection, options } = await connectClient(place);
  const { namespace } = options;
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  await connection.close();
  return Object.keys(customAttributes ?? {}).filter((name) => name.startsWith('Pointsman'));
}

test('a namespace that an earlier version has made gets the search attributes that it lacks', async () => {
  const place = await earlierState();
  await startServer(place);
  // The command line alone changes nothing of a namespace that is there.
  expect(await attributesOf(place)).toHaveLength(1);
  await prepareNamespace(place);
  expect((await attributesOf(place)).toSorted()).toEqual(searchAttributeNames.toSorted());
});
