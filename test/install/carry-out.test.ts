import { mkdtemp, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { LocalHost } from '../../src/hosts/local-host.js';
import { carryOut, type StepReport } from '../../src/install/carry-out.js';
import type { BinarySource } from '../../src/install/plan-binaries.js';
import type { Action } from '../../src/install/plan.js';

let directory: string;
const host = new LocalHost({ stateDirectory: '/nonexistent' });

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pointsman-carry-out-'));
  await writeFile(join(directory, 'tool'), '#!/bin/sh\necho I run\n', { mode: 0o755 });
  return () => rm(directory, { recursive: true });
});

/** Carries one step out below the test's directory, twice: the second time does no harm. */
async function twice(action: Action): Promise<StepReport[]> {
  const reports: StepReport[] = [];
  const program = { version: '1.2.3', manifest: '', archive: () => expect.unreachable() };
  const crew = { host, program, report: (step: StepReport) => void reports.push(step) };
  await carryOut(crew, [{ title: 'it', action }]);
  await carryOut(crew, [{ title: 'it', action }]);
  return reports;
}

async function put(source: BinarySource): Promise<string> {
  await twice({ do: 'binary', directory: join(directory, 'v'), binary: { name: 'temporal', source, title: '' } });
  return join(directory, 'v/bin/temporal');
}

/** Serves the tool as Temporal's site does: an archive with `temporal` in it. */
async function site(): Promise<string> {
  await execa('sh', ['-ec', 'mkdir d; cp tool d/temporal; tar -czf archive -C d temporal'], { cwd: directory });
  const archive = await readFile(join(directory, 'archive'));
  const server: Server = createServer((request, response) => {
    if (request.url === '/moved') response.writeHead(302, { location: '/archive' }).end();
    else if (request.url === '/archive') response.end(archive);
    else response.writeHead(404).end('not here');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('a program', () => {
  test('is linked to the server’s own', async () => {
    expect(await readlink(await put({ from: 'server', path: '/usr/bin/true' }))).toBe('/usr/bin/true');
  });

  test('is taken over from another version without costing space', async () => {
    const path = await put({ from: 'version', path: join(directory, 'tool') });
    expect((await stat(path)).ino).toBe((await stat(join(directory, 'tool'))).ino);
  });

  test('is shipped, and can be run', async () => {
    const path = await put({ from: 'this-machine', path: join(directory, 'tool') });
    expect((await execa(path)).stdout).toBe('I run');
  });

  test('is downloaded by the server, also by way of another address', async () => {
    const path = await put({ from: 'download', url: `${await site()}/moved` });
    expect((await execa(path)).stdout).toBe('I run');
  });

  test('is not replaced by a download that fails', async () => {
    const path = await put({ from: 'this-machine', path: join(directory, 'tool') });
    await expect(put({ from: 'download', url: `${await site()}/absent` })).rejects.toThrow(/404/);
    expect((await execa(path)).stdout).toBe('I run');
  });

  test('is not replaced by one whose file is gone', async () => {
    const path = await put({ from: 'this-machine', path: join(directory, 'tool') });
    await expect(put({ from: 'this-machine', path: join(directory, 'absent') })).rejects.toThrow();
    expect((await execa(path)).stdout).toBe('I run');
  });
});

test('a version that was made beside replaces the one that is there as a whole', async () => {
  const [from, to] = [join(directory, 'v.new'), join(directory, 'v')];
  await execa('sh', ['-c', `mkdir -p ${from} ${to} ${to}.old; touch ${from}/new ${to}/old`]);
  const crew = {
    host,
    program: { version: '1', manifest: '', archive: () => expect.unreachable() },
    report: () => undefined,
  };
  await carryOut(crew, [{ title: 'it', action: { do: 'settle', from, to } }]);
  expect((await execa('ls', [directory])).stdout).toBe('tool\nv');
  expect((await execa('ls', [to])).stdout).toBe('new');
});

test('what needs nothing is told apart from what was done', async () => {
  const reports: StepReport[] = [];
  const crew = {
    host,
    program: { version: '1', manifest: '', archive: () => expect.unreachable() },
    report: (step: StepReport) => void reports.push(step),
  };
  await carryOut(crew, [{ title: 'right', action: null }]);
  expect(reports).toEqual([{ title: 'right', state: 'unchanged' }]);
});
