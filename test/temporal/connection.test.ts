import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { connectionFacts } from '../../src/temporal/connection.js';
import { TemporalUnavailableError } from '../../src/temporal/place.js';

async function configurationFile(text: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'pointsman-temporal-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const file = join(directory, 'temporal.toml');
  await writeFile(file, text);
  return file;
}

test('the embedded server is on this machine, in its default namespace', async () => {
  const place = { kind: 'embedded', stateDirectory: '/state', port: 7237, uiPort: 8237, cli: null } as const;
  expect(await connectionFacts(place)).toEqual({
    connectionOptions: { address: '127.0.0.1:7237' },
    namespace: 'default',
  });
});

test("address and namespace of an external one come from Temporal's variables", async () => {
  const variables = { TEMPORAL_ADDRESS: 'temporal.example.org:7233', TEMPORAL_NAMESPACE: 'deploys' };
  expect(await connectionFacts({ kind: 'external', variables })).toMatchObject({
    connectionOptions: { address: 'temporal.example.org:7233' },
    namespace: 'deploys',
  });
});

test('they come from a profile of a configuration file, and variables win', async () => {
  const TEMPORAL_CONFIG_FILE = await configurationFile(
    '[profile.production]\naddress = "temporal.example.org:7233"\nnamespace = "deploys"\n',
  );
  const variables = { TEMPORAL_CONFIG_FILE, TEMPORAL_PROFILE: 'production', TEMPORAL_NAMESPACE: 'other' };
  expect(await connectionFacts({ kind: 'external', variables })).toMatchObject({
    connectionOptions: { address: 'temporal.example.org:7233' },
    namespace: 'other',
  });
});

test('a profile that does not exist is told, and not a bug', async () => {
  const TEMPORAL_CONFIG_FILE = await configurationFile('[profile.production]\nnamespace = "deploys"\n');
  const variables = { TEMPORAL_CONFIG_FILE, TEMPORAL_PROFILE: 'nope' };
  await expect(connectionFacts({ kind: 'external', variables })).rejects.toThrow(
    new TemporalUnavailableError(
      "Temporal's own configuration (TEMPORAL_… variables, temporal.toml) cannot be used: Profile 'nope' not found in config data",
    ),
  );
});
