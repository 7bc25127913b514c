import { Client, Connection } from '@temporalio/client';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DrillRecord, DrillReport } from '../../src/model/drill.js';
import { whoIsUp } from '../../src/temporal/presence.js';
import { impatient } from '../support/cheap-health-check.js';
import { historyText } from '../support/history-text.js';
import { imageRepository, Playground } from '../support/playground.js';
import { trafficBeside } from '../support/under-traffic.js';

let place: Playground;

interface Drilled {
  readonly code: number;
  readonly out: string;
  /** `null` where it failed. */
  readonly report: DrillReport | null;
}

async function drill(): Promise<Drilled> {
  const { code, out } = await place.run('drill', '-e', 'demo', '--json');
  const last = out.split('\n').findLast((line) => line.startsWith('{"event":"end"')) ?? '{}';
  return { code, out, report: (JSON.parse(last) as { report?: DrillReport }).report ?? null };
}

/** What drills have made and not removed. */
async function leftOver(): Promise<string[]> {
  const label = [`io.pointsman.project=${place.project}`, 'io.pointsman.drill'];
  const containers = await place.docker.listContainers({ all: true, filters: { label } });
  const { Volumes } = await place.docker.listVolumes({ filters: JSON.stringify({ label }) });
  return [...containers.flatMap(({ Names }) => Names), ...(Volumes ?? []).map(({ Name }) => Name)];
}

/** Every container of the app, told from one that was started again. */
async function containers(): Promise<string[]> {
  const label = [`com.docker.compose.project=${place.project}`];
  const found = await place.docker.listContainers({ all: true, filters: { label } });
  const states = await Promise.all(found.map(({ Id }) => place.docker.getContainer(Id).inspect()));
  return states.map(({ Id, State }) => `${Id} ${State.StartedAt}`).sort();
}

/** Runs Python in the volume of the S3 server, where a bucket is a directory. */
async function inStorage(code: string): Promise<void> {
  const volume = `${place.project}_s3-data:/data`;
  await execa('docker', ['run', '--rm', '-v', volume, 'python:3.11-slim-bookworm', 'python', '-c', code]);
}

async function schedules(): Promise<string[]> {
  const connection = await Connection.connect({ address: `127.0.0.1:${place.temporalPort}` });
  try {
    const { schedule } = new Client({ connection });
    const found: string[] = [];
    const description = await schedule
      .getHandle(`${place.project}/demo/drill`)
      .describe()
      .catch(() => null);
    if (description) found.push(JSON.stringify(description.spec.calendars?.map(({ hour, minute }) => [hour, minute])));
    return found;
  } finally {
    await connection.close();
  }
}

async function lastDrill(): Promise<DrillRecord | null> {
  const { stdout } = await place.start('drill', '-e', 'demo', '--last', '--json');
  return JSON.parse(stdout) as DrillRecord | null;
}

/** Waits until Litestream says that all is replicated. */
async function inStep(): Promise<void> {
  const { id } = (await place.container('litestream')) ?? { id: '' };
  const sync = [
    'litestream',
    'sync',
    '-wait',
    '-timeout',
    '30',
    '-socket',
    '/var/run/litestream.sock',
    '/app/data/app.db',
  ];
  await execa('docker', ['exec', id, ...sync]);
}

describe('a drill of an app with a replica', () => {
  beforeAll(async () => {
    place = await Playground.create();
    await place.edit('pointsman.yml', (text) => text.replace('replica:\n', 'replica:\n  drill: "30 3 * * *"\n'));
    const { code, out } = await place.deploy('v1');
    expect(out).toContain('live: blue (v1)');
    expect(code, out).toBe(0);
  });
  afterAll(async () => {
    await place?.[Symbol.asyncDispose]();
    await execa('docker', ['rmi', '-f', `${imageRepository}:needs-file`], { reject: false });
  });

  test('passes while clients read and write, and touches nothing of the app', async () => {
    const traffic = trafficBeside(place);
    await traffic.atLeast(200);
    const [before, files] = [await containers(), await place.files()];
    const { code, out, report } = await drill();
    expect(out).toContain('"outcome":"passed"');
    expect(code, out).toBe(0);
    expect(await containers()).toEqual(before);
    expect(await place.files()).toEqual(files);
    const during = traffic.requests;
    await traffic.atLeast(200);
    expect(traffic.requests).toBeGreaterThan(during);
    expect(await traffic.stop()).toMatchObject({ failed: 0, failures: {} });
    expect(report?.inspected.live?.sameFingerprint).toBe(true);
    expect(report?.probed?.release).toBe('v1');
    expect(await leftOver()).toEqual([]);
  });

  test('reports every row that was replicated, how old the data is, and is told again by --last and status', async () => {
    await inStep();
    const { report } = await drill();
    expect(report?.inspected.rows['notes']).toBe((await place.notes()).size);
    expect(report?.inspected.live?.missingRows).toEqual({});
    const changed = Date.parse(report?.inspected.live?.changedAt ?? '');
    // The storage counts whole seconds, and Litestream takes what is new every second.
    expect(Date.parse(report?.restored.age?.until ?? '')).toBeGreaterThanOrEqual(changed - 2000);
    expect((await lastDrill())?.report).toEqual(report);
    expect((await place.run('status', '-e', 'demo')).out).toMatch(/last drill: 0 min ago, passed: \d+ rows restored/);
    const { out } = await place.run('drill', '-e', 'demo', '--last');
    expect(out).toMatch(/what was committed after (about )?\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC is not in it/);
  });

  test('is run by the schedule that the deploy has made', async () => {
    expect(await schedules()).toEqual([
      JSON.stringify([[[{ start: 3, end: 3, step: 1 }], [{ start: 30, end: 30, step: 1 }]]]),
    ]);
    const connection = await Connection.connect({ address: `127.0.0.1:${place.temporalPort}` });
    await new Client({ connection }).schedule.getHandle(`${place.project}/demo/drill`).trigger();
    await connection.close();
    const untilRecorded = async (): Promise<DrillRecord> => {
      const last = await lastDrill();
      return last?.requestedBy === 'the schedule' ? last : untilRecorded();
    };
    expect(await untilRecorded()).toMatchObject({ outcome: 'passed' });
  });

  test('goes on when the worker is killed in the middle, and leaves nothing over', async () => {
    const drilling = place.start('drill', '-e', 'demo');
    const untilRestoring = async (): Promise<void> => {
      if ((await leftOver()).some((name) => /-(restore|list|app)$/.test(name))) return;
      return untilRestoring();
    };
    await untilRestoring();
    process.kill((await whoIsUp(place.home))?.pid ?? 0, 'SIGKILL');
    const { exitCode, all } = await drilling;
    expect(all).toContain('The replica can be restored.');
    expect(exitCode).toBe(0);
    expect(await leftOver()).toEqual([]);
  });

  test('fails with the log of an app that needs a file beside the database, which no replica holds', async () => {
    const health = `import json\\ndef check(connection):\\n    json.load(open('/app/data/uploads.json'))\\n`;
    const write = `RUN python -c "open('/app/app/health.py', 'w').write(\\"\\"\\"${health}\\"\\"\\")"`;
    const input = `FROM ${imageRepository}:v1\nUSER 0\n${write}\nUSER 1000:1000\n`;
    await execa('docker', ['build', '-t', `${imageRepository}:needs-file`, '-'], {
      env: { DOCKER_BUILDKIT: '0' },
      input,
    });
    await place.python('open("uploads.json", "w").write("{}")');
    await place.edit('compose.yml', impatient);
    expect(await place.deploy('needs-file')).toEndWith(0);
    const { code, out } = await place.run('drill', '-e', 'demo');
    expect(out).toContain('DRILL FAILED at probeRestored: needs-file on the restored data is unhealthy');
    expect(out).toContain("FileNotFoundError: [Errno 2] No such file or directory: '/app/data/uploads.json'");
    expect(code, out).toBe(4);
    expect(await leftOver()).toEqual([]);
    expect((await place.run('status', '-e', 'demo')).out).toMatch(
      /last drill: 0 min ago, FAILED: failed at probeRestored/,
    );
  });

  test('has no schedule any more once the key is gone and a release was deployed', async () => {
    await place.edit('pointsman.yml', (text) => text.replace('  drill: "30 3 * * *"\n', ''));
    expect(await place.deploy('v2')).toEndWith(0);
    expect(await schedules()).toEqual([]);
  });

  test.each([
    [
      'the secret key',
      'LITESTREAM_R2_SECRET_ACCESS_KEY=demo-secret-key-of',
      'LITESTREAM_R2_SECRET_ACCESS_KEY=another-key-of',
      'the secret key is not the right one',
    ],
    ['the bucket', 'LITESTREAM_R2_BUCKET=notes', 'LITESTREAM_R2_BUCKET=nowhere', 'the bucket does not exist'],
  ])('says so when %s is wrong', async (_, right, wrong, words) => {
    await place.edit('.env.demo', (text) => text.replace(right, wrong));
    const { code, out } = await place.run('drill', '-e', 'demo');
    await place.edit('.env.demo', (text) => text.replace(wrong, right));
    expect(out).toContain(
      `DRILL FAILED at restoreReplica: the replica of /app/data/app.db cannot be restored: ${words}`,
    );
    expect(out).not.toContain('another-key-of');
    expect(code, out).toBe(4);
    expect(await leftOver()).toEqual([]);
  });

  test('fails when the replica is damaged in its storage', async () => {
    const damage = `
import glob
for path in glob.glob('/data/notes/app/**/xl.meta', recursive=True):
    content = bytearray(open(path, 'rb').read())
    middle = len(content) // 2
    content[middle:middle + 8] = bytes(byte ^ 255 for byte in content[middle:middle + 8])
    open(path, 'wb').write(content)`;
    await inStorage(damage);
    const { code, out } = await place.run('drill', '-e', 'demo');
    expect(out).toContain('DRILL FAILED at restoreReplica');
    expect(code, out).toBe(4);
    expect(await leftOver()).toEqual([]);
  });

  test('fails when there is no replica any more, and the app serves all the same', async () => {
    await inStorage("import glob, shutil; [shutil.rmtree(path) for path in glob.glob('/data/notes/app')]");
    const { code, out } = await place.run('drill', '-e', 'demo');
    expect(out).toMatch(/cannot be restored: (there is no replica yet|it is damaged)/);
    expect(code, out).toBe(4);
    expect(await place.live()).toEqual({ slot: 'blue', release: 'v2' });
  });

  test('and no secret is in any history', async () => {
    const connection = await Connection.connect({ address: `127.0.0.1:${place.temporalPort}` });
    let drills = 0;
    for await (const { workflowId, runId, type } of new Client({ connection }).workflow.list()) {
      const history = await new Client({ connection }).workflow.getHandle(workflowId, runId).fetchHistory();
      if (type === 'drill') drills += 1;
      expect(historyText(history)).not.toContain('demo-secret-key-of-this-machine');
    }
    expect(drills).toBeGreaterThan(5);
    await connection.close();
  });
});

test('a drill is asked for through a tunnel too', async () => {
  await using there = await Playground.create({ kind: 'via' });
  place = there;
  expect(await place.deploy('v1')).toEndWith(0);
  const { code, out, report } = await drill();
  expect(out).toContain('"outcome":"passed"');
  expect(code, out).toBe(0);
  expect(report?.probed?.release).toBe('v1');
  expect(await leftOver()).toEqual([]);
});
