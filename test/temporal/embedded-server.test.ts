import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { serverArguments, serverPid, startServer, stopServer } from '../../src/temporal/embedded-server.js';
import { TemporalUnavailableError, type EmbeddedPlace } from '../../src/temporal/place.js';
import { freePort } from '../support/free-port.js';

let place: EmbeddedPlace;

beforeEach(async () => {
  const stateDirectory = await mkdtemp(join(tmpdir(), 'pointsman-embedded-'));
  onTestFinished(() => rm(stateDirectory, { recursive: true, force: true }));
  place = { kind: 'embedded', stateDirectory, port: 7237, uiPort: 8237, cli: null };
});

test('the embedded server listens on this machine only, keeps a file and knows the search attributes', () => {
  expect(serverArguments({ ...place, stateDirectory: '/state' })).toEqual([
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', '7237', '--ui-port', '8237'],
    ...['--db-filename', '/state/temporal.db', '--log-level', 'warn'],
    ...['--search-attribute', 'PointsmanProject=Keyword'],
    ...['--search-attribute', 'PointsmanEnvironment=Keyword'],
    ...['--search-attribute', 'PointsmanRelease=Keyword'],
    ...['--search-attribute', 'PointsmanOutcome=Keyword'],
    ...['--dynamic-config-value', 'history.transferProcessorMaxPollRPS=2000'],
  ]);
});

test("without Temporal's command line it is told how to get it", async () => {
  await expect(startServer(place)).rejects.toEqual(
    new TemporalUnavailableError(
      'No Temporal server is configured, and the Temporal CLI for the embedded one was not found. Install it ' +
        '(script/setup temporal, or https://docs.temporal.io/cli), or set TEMPORAL_ADDRESS.',
    ),
  );
});

test('a server that ends at once is an error that holds its last words', async () => {
  const cli = join(place.stateDirectory, 'temporal');
  await writeFile(cli, '#!/bin/sh\necho "Error: the disk is full" >&2\nexit 1\n', { mode: 0o755 });
  // Port 9 (discard) is one that nothing listens on.
  await expect(startServer({ ...place, cli, port: 9 })).rejects.toThrow(
    'The embedded Temporal server did not start:\nError: the disk is full',
  );
});

test('a server that finds one of the ports that it takes at random taken is started again', async () => {
  const cli = join(place.stateDirectory, 'temporal');
  const starts = join(place.stateDirectory, 'starts');
  const port = await freePort();
  const script = [
    '#!/bin/sh',
    `echo started >> ${starts}`,
    `[ $(wc -l < ${starts}) -gt 2 ] || { echo "bind: address already in use" >&2; exit 1; }`,
    `exec ${process.execPath} -e "require('net').createServer().listen(${port}, '127.0.0.1')" "$@"`,
  ];
  await writeFile(cli, script.join('\n'), { mode: 0o755 });
  const unlucky = { ...place, cli, port };
  await startServer(unlucky);
  expect((await readFile(starts, 'utf8')).split('\n')).toHaveLength(3 + 1);
  expect(serverPid(unlucky)).not.toBeNull();
  await stopServer(unlucky);
});

test('a pid that now belongs to another program is no server', async () => {
  await mkdir(place.stateDirectory, { recursive: true });
  expect(serverPid(place)).toBeNull();
  await writeFile(join(place.stateDirectory, 'temporal.pid'), String(process.pid));
  expect(serverPid(place)).toBeNull();
});
