import { createServer, type Server } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import { beforeEach, expect, test } from 'vitest';
import { EngineWatch } from '../../src/docker/engine-watch.js';

let engine: Server;
let docker: Docker;

/** All that an engine says of its events while nothing happens. */
beforeEach(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'pm-engine-'));
  const socketPath = join(directory, 'engine.sock');
  engine = createServer((_, response) => response.writeHead(200).flushHeaders());
  await new Promise<void>((resolve) => engine.listen(socketPath, resolve));
  docker = new Docker({ socketPath });
  return async () => {
    engine.closeAllConnections();
    engine.close();
    await rm(directory, { recursive: true });
  };
});

test('an engine that stays is not taken for one that went away', async () => {
  const watch = await EngineWatch.open(docker);
  await new Promise((resolve) => engine.getConnections(resolve));
  expect(watch.wentAway).toBe(false);
  await watch[Symbol.asyncDispose]();
});

test('an engine that dies is known to have been away, also once another one answers', async () => {
  await using watch = await EngineWatch.open(docker);
  engine.closeAllConnections();
  await expect.poll(() => watch.wentAway).toBe(true);
  await (await EngineWatch.open(docker))[Symbol.asyncDispose]();
  expect(watch.wentAway).toBe(true);
});

test('an engine that is away cannot be watched', async () => {
  await new Promise((resolve) => engine.close(resolve));
  await expect(EngineWatch.open(docker)).rejects.toThrow(/ENOENT|ECONNREFUSED/);
});
