import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { LeftAlone, type Command, type Host } from '../../src/hosts/host.js';
import { asAttempt, closeFence, overtaken } from '../../src/hosts/fence.js';
import { asJob } from '../../src/hosts/job.js';
import { LocalHost } from '../../src/hosts/local-host.js';
import { SshHost } from '../../src/hosts/ssh/ssh-host.js';
import { canBeNobody, openedByNobody } from '../support/squatter.js';
import { SshServer } from '../support/ssh-server.js';
import { heldLock, untilWaiting } from '../support/until-waiting.js';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pointsman-job-'));
  return () => rm(directory, { recursive: true, force: true });
});

/** Notes that it began, waits for the file `go`, and says how often it was begun. */
function slow(job = 'slow'): Command {
  const script = `echo begun >>${directory}/begun; while [ ! -e ${directory}/go ]; do sleep 0.02; done; wc -l <${directory}/begun; echo said >&2; exit 3`;
  return { argv: ['sh', '-c', script], job };
}

async function timesBegun(): Promise<number> {
  return (await readFile(join(directory, 'begun'), 'utf8').catch(() => '')).split('\n').length - 1;
}

async function untilBegun(): Promise<void> {
  while ((await timesBegun()) === 0) await sleep(10);
}

const go = (): Promise<void> => writeFile(join(directory, 'go'), '');

async function endsWhenCancelled(host: Host): Promise<void> {
  const cancel = new AbortController();
  const running = host.tryRun(slow(), { signal: cancel.signal });
  await untilBegun();
  cancel.abort();
  expect((await running).cancelled).toBe(true);
  await go();
  // The lock is free again: nothing of the first one runs, so this one starts anew.
  expect((await host.tryRun(slow())).stdout).toBe('2\n');
}

/** One that waits for a job goes away; who has joined it meanwhile gets the job's own end, and it was begun once. */
async function isLeftToTheOther(host: Host): Promise<void> {
  const leave = new AbortController();
  const first = host.tryRun(slow(), { signal: leave.signal });
  await untilBegun();
  const second = host.tryRun(slow());
  await untilWaiting(directory, 2);
  leave.abort(new LeftAlone('superseded'));
  expect((await first).cancelled).toBe(true);
  await go();
  expect(await second).toMatchObject({ exitCode: 3, stdout: '1\n', stderr: 'said\n' });
}

const started = Date.now();

/** Does it as an attempt that was asked for so many seconds after the first one. */
function as<Result>(seconds: number, work: () => Promise<Result>): Promise<Result> {
  return asAttempt({ number: started + seconds * 1000, signal: new AbortController().signal }, work);
}

/** A job that waits for its turn, while somebody else has it. */
async function comesTooLate(host: Host): Promise<void> {
  const lockFile = join(directory, 'turn');
  const inTurn = (job: string): Command => ({ ...slow(job), turn: { lockFile, how: 'act' } });
  const letGo = await heldLock(lockFile);
  const late = as(1, () => host.tryRun(inTurn('late')));
  await untilWaiting(directory, 1);
  // What was asked for later has been done meanwhile.
  await as(2, () => closeFence(host, lockFile));
  letGo();
  expect(await late).toMatchObject({ exitCode: overtaken, stdout: '' });
  expect(await timesBegun()).toBe(0);
  await go();
  expect(await as(3, () => host.tryRun(inTurn('next')))).toMatchObject({ exitCode: 3, stdout: '1\n' });
  expect(await as(2.5, () => host.tryRun(inTurn('old')))).toMatchObject({ exitCode: overtaken, stdout: '' });
}

describe('a command that is a job', () => {
  test('waits for its turn, and does nothing where a later step has had its own by then', async () => {
    await comesTooLate(new LocalHost({ stateDirectory: directory }));
  });

  test('runs one after the other with those of its turn, whatever is killed meanwhile', async () => {
    const host = new LocalHost({ stateDirectory: directory });
    const turn = { lockFile: join(directory, 'turn'), how: 'look' } as const;
    const first = host.tryRun({ ...slow('first'), turn });
    await untilBegun();
    const second = host.tryRun({ ...slow('second'), turn });
    await untilWaiting(directory, 2);
    // Not its command, which has the lock and goes on.
    await execa('pkill', ['-KILL', '-f', `^flock -s ${directory}/jobs/first-`]);
    expect(await timesBegun()).toBe(1);
    await go();
    expect((await Promise.all([first, second])).map(({ exitCode }) => exitCode)).toEqual([3, 3]);
    expect(await timesBegun()).toBe(2);
  });

  test('goes on for who has joined it when an attempt before is over: only a cancel ends it', async () => {
    await isLeftToTheOther(new LocalHost({ stateDirectory: directory }));
  });

  test('goes on when nobody waits for it any more, and is joined by the next attempt', async () => {
    const host = new LocalHost({ stateDirectory: directory });
    const leave = new AbortController();
    const first = host.tryRun(slow(), { signal: leave.signal });
    await untilBegun();
    leave.abort(new LeftAlone('the worker shuts down'));
    await first;
    const second = host.tryRun(slow());
    await untilWaiting(directory, 1);
    await go();
    expect(await second).toMatchObject({ exitCode: 3, stdout: '1\n' });
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'outlives %s to whoever waits for it, as a terminal or systemd sends it: the other gets its own end',
    async (signal) => {
      const [file, ...args] = asJob(slow(), directory).argv;
      const first = execa(file, args, { reject: false });
      await untilBegun();
      const second = new LocalHost({ stateDirectory: directory }).tryRun(slow());
      await untilWaiting(directory, 2);
      first.kill(signal);
      expect((await first).exitCode).toBe(143);
      await go();
      expect(await second).toMatchObject({ exitCode: 3, stdout: '1\n', stderr: 'said\n' });
    },
  );

  test.skipIf(!canBeNobody)('keeps other users out: who could open its lock could keep everybody waiting', async () => {
    await go();
    await chmod(directory, 0o755);
    const usual = process.umask(0o002);
    onTestFinished(() => void process.umask(usual));
    await new LocalHost({ stateDirectory: directory }).tryRun(slow());
    expect((await stat(join(directory, 'jobs'))).mode & 0o777).toBe(0o755);
    const [job = ''] = await readdir(join(directory, 'jobs'));
    expect(await openedByNobody(join(directory, 'jobs', job, 'lock'))).toBe('EACCES');
  });

  test('gives back its output and exit code like any other', async () => {
    await go();
    const result = await new LocalHost({ stateDirectory: directory }).tryRun(slow());
    expect(result).toMatchObject({ exitCode: 3, stdout: '1\n', stderr: 'said\n' });
  });

  test('that is asked for again while it runs is joined, not started again', async () => {
    const host = new LocalHost({ stateDirectory: directory });
    const first = host.tryRun(slow());
    await untilBegun();
    const second = host.tryRun(slow());
    await untilWaiting(directory, 2);
    await go();
    expect([(await first).exitCode, (await second).exitCode]).toEqual([3, 3]);
    expect((await second).stdout).toBe('1\n');
  });

  test('that ended is run again when it is asked for again: its old result is never taken for a new one', async () => {
    await go();
    const host = new LocalHost({ stateDirectory: directory });
    await host.tryRun(slow());
    expect((await host.tryRun(slow())).stdout).toBe('2\n');
  });

  test('under another name is another one, though its words are the same', async () => {
    const host = new LocalHost({ stateDirectory: directory });
    const both = [host.tryRun(slow('release v1')), host.tryRun(slow('release v2'))];
    while ((await timesBegun()) < 2) await sleep(10);
    await go();
    expect((await Promise.all(both)).map(({ exitCode }) => exitCode)).toEqual([3, 3]);
  });

  test('that is cancelled ends with all that it started', async () => {
    await endsWhenCancelled(new LocalHost({ stateDirectory: directory }));
  });

  test('that was killed is told as such, and starts anew', async () => {
    const host = new LocalHost({ stateDirectory: directory });
    const killed = await host.tryRun({
      argv: ['sh', '-c', 'kill -s KILL -- -$(ps -o pgid= $$ | tr -d " ")'],
      job: 'k',
    });
    expect(killed).toMatchObject({ exitCode: 137, stderr: expect.stringContaining('it was killed') as string });
    expect((await host.tryRun({ argv: ['true'], job: 'k' })).exitCode).toBe(0);
  });
});

describe('over SSH, a job', () => {
  let server: SshServer;
  let host: SshHost;

  beforeEach(async () => {
    server = await SshServer.start({ environment: { POINTSMAN_HOME: directory } });
    host = await SshHost.open(server.url, await server.environment());
  });
  afterEach(async () => {
    host?.close();
    await server?.[Symbol.asyncDispose]();
  });

  test('outlives the connection: the next attempt joins it on a new one and gets its result', async () => {
    const first = host.tryRun(slow()).catch((error: Error) => error);
    await untilBegun();
    await server.cut();
    expect(await first).toMatchObject({ problem: 'lost', message: `The connection to ${server.url} was lost.` });
    const second = host.tryRun(slow());
    // The first one's shell is still there as well, though nobody hears it.
    await untilWaiting(directory, 2);
    await go();
    expect(await second).toMatchObject({ exitCode: 3, stdout: '1\n', stderr: 'said\n' });
  });

  test('is joined by another worker too, which has a connection of its own', async () => {
    const other = await SshHost.open(server.url, await server.environment());
    const first = host.tryRun(slow());
    await untilBegun();
    const second = other.tryRun(slow());
    await untilWaiting(directory, 2);
    await go();
    expect((await Promise.all([first, second])).map(({ stdout }) => stdout)).toEqual(['1\n', '1\n']);
    other.close();
  });

  test('goes on for who has joined it when an attempt before is over', async () => {
    await isLeftToTheOther(host);
  });

  test('waits for its turn there, and does nothing where a later step has had its own by then', async () => {
    await comesTooLate(host);
  });

  test('that is cancelled ends on the host too', async () => {
    await endsWhenCancelled(host);
  });
});
