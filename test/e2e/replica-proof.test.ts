import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Traffic } from '../../bench/traffic.js';
import { replicaSteps } from '../../src/activities/replica-steps.js';
import { loadSettings } from '../../src/config/load.js';
import { execIn } from '../../src/docker/container.js';
import { LocalHost } from '../../src/hosts/local-host.js';
import type { ReplicaProven } from '../../src/model/activities.js';
import type { Settings } from '../../src/model/settings.js';
import { Playground, type Identity } from '../support/playground.js';
import { trafficBeside } from '../support/under-traffic.js';

let place: Playground;
let settings: Settings;
let unchanged: Record<string, Identity>;

beforeAll(async () => {
  place = await Playground.create();
  // Once a minute Litestream would write a part of its own: after one that a test has lost it tells a gap, which is another end.
  await place.edit('litestream/litestream.yml', (text) =>
    text.replace('    replica:\n', '    checkpoint-interval: 1h\n    replica:\n'),
  );
  settings = await loadSettings({ directory: place.directory, environment: 'demo' });
  const { code, out } = await place.deploy('v1');
  expect(out).toContain('live: blue (v1)');
  expect(code, out).toBe(0);
  unchanged = await place.identities();
});
afterAll(() => place?.[Symbol.asyncDispose]());

/** The step alone, with a wait for the replica that a test can afford. */
function prove(): Promise<ReplicaProven | null> {
  const host = new LocalHost({ stateDirectory: place.home });
  const { proveReplica } = replicaSteps({ hosts: { of: () => Promise.resolve(host) } }, { syncTimeoutMs: 4000 });
  return new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') }).run(proveReplica, { settings });
}

const failure = (): Promise<{ type?: string; message?: string }> =>
  prove().then(
    () => ({}),
    (error: unknown) => error as { type?: string; message: string },
  );

/** Does something while clients write, and returns the ids of what was acknowledged besides. */
async function whileClientsWrite<Result>(
  act: () => Promise<Result>,
): Promise<{ result: Result; written: readonly string[] }> {
  const traffic = trafficBeside(place);
  await traffic.atLeast(200);
  const result = await act();
  return { result, written: (await traffic.stop()).written };
}

async function write(): Promise<void> {
  const traffic = new Traffic({ port: place.port, clients: 1 });
  await traffic.atLeast(20);
  await traffic.stop();
}

async function inLitestream(...argv: string[]): Promise<void> {
  const container = await place.container('litestream');
  const { exitCode, stderr } = await execIn(place.docker, container?.id ?? '', argv);
  expect(stderr === '' || exitCode === 0 ? 'ended well' : stderr).toBe('ended well');
}

/** What is in a database file of the volume: its schema and all rows of the app's. */
const content = (file: string): Promise<string> =>
  place.python(
    `rows = {name: db.execute(f'SELECT * FROM "{name}" ORDER BY 1').fetchall()
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\\\_litestream%' ESCAPE '\\\\'").fetchall()}
print(json.dumps([db.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall(), rows]))`,
    file,
  );

/** Restored by hand, as a person would after losing the host. */
async function restoredByHand(): Promise<string> {
  await inLitestream('litestream', 'sync', '-wait', '-timeout', '30', '/app/data/app.db');
  const config = ['-config', '/etc/litestream/litestream.yml'];
  const to = ['-o', '/app/data/by-hand.db', '-integrity-check', 'full'];
  await inLitestream('litestream', 'restore', ...config, ...to, '/app/data/app.db');
  const restored = await content('by-hand.db');
  await inLitestream('sh', '-c', 'rm -f /app/data/by-hand.db*');
  return restored;
}

async function docker(what: 'start' | 'stop' | 'restart', service: string): Promise<void> {
  const container = place.docker.getContainer((await place.container(service))?.id ?? '');
  await (what === 'start' ? container.start() : container[what]({ t: 10 }));
}

/** What the replica line of `status` says, and how the command ended. */
async function status(): Promise<{ code: number; replica: string | undefined; state: string | undefined }> {
  const { code, out } = await place.run('status', '-e', 'demo');
  const { stdout } = await place.start('status', '-e', 'demo', '--json');
  const { replica } = JSON.parse(stdout) as { replica: { state: string } | null };
  return { code, replica: /^replica: (.*)$/m.exec(out)?.[1], state: replica?.state };
}

async function scratchLeft(): Promise<string[]> {
  const filters = JSON.stringify({ label: [`io.pointsman.project=${place.project}`] });
  const { Volumes } = await place.docker.listVolumes({ filters });
  const containers = await place.docker.listContainers({ all: true, filters });
  return [...Volumes.map(({ Name }) => Name), ...containers.flatMap(({ Names }) => Names)];
}

afterEach(async () => expect(await scratchLeft()).toEqual([]));

describe('a release that migrates the database and fails while clients write', () => {
  test('is undone, Litestream goes on by itself, and its replica is proven to hold the restored data', async () => {
    const before = await content('app.db');
    const { result } = await whileClientsWrite(() => place.deploy('broken'));
    expect(result.code, result.out).toBe(4);
    expect(result.out).toContain('Database restored:');
    expect(result.out).toMatch(/✔ proveReplica .* the replica holds the same, /);
    expect(result.out).toContain('failed at composeUpWait');
    expect(await place.identities()).toEqual(unchanged);
    const restored = await restoredByHand();
    expect(restored).toBe(await content('app.db'));
    const schema = (text: string): unknown => (JSON.parse(text) as unknown[])[0];
    const withoutLitestreams = (text: string) =>
      (schema(text) as [string, string][]).filter(([name]) => !name.startsWith('_litestream'));
    expect(withoutLitestreams(restored)).toEqual(withoutLitestreams(before));
  });

  test('and what clients write after it is in the replica too', async () => {
    const { written } = await whileClientsWrite(() => Promise.resolve());
    const restored = await restoredByHand();
    expect(restored).toBe(await content('app.db'));
    expect(written.filter((id) => !restored.includes(id))).toEqual([]);
  });
});

describe('the proof', () => {
  test('passes while clients write, and leaves nothing behind', async () => {
    const { result } = await whileClientsWrite(prove);
    expect(result).toMatchObject({ replica: { inStep: true, problem: '' } });
    expect(result?.bytes).toBeGreaterThan(4096);
  });

  test('passes where an attempt before it was killed and left its volume and a container', async () => {
    const name = `pointsman-${place.project}-demo-replica-proof`;
    const labels = {
      'io.pointsman.project': place.project,
      'io.pointsman.environment': 'demo',
      'io.pointsman.scratch': 'replica-proof',
    };
    await place.docker.createVolume({ Name: name, Labels: labels });
    const left = await place.docker.createContainer({
      name: `${name}-restore-1`,
      Image: settings.toolImage,
      Cmd: ['sleep', 'infinity'],
      HostConfig: { Mounts: [{ Type: 'volume', Source: name, Target: '/scratch' }] },
    });
    await left.start();
    expect(await prove()).toMatchObject({ replica: { inStep: true } });
  });
});

describe('status', () => {
  test('shows a replica that is in step, and how long that took', async () => {
    await write();
    const { code, replica, state } = await status();
    expect(replica).toMatch(/^in step \(\d+\.\d s\)$/);
    expect({ code, state }).toEqual({ code: 0, state: 'in step' });
  });

  test("shows one that is behind with Litestream's own words while its storage is away, and that it came after", async () => {
    await docker('stop', 's3');
    await write();
    const { code, replica, state } = await status();
    const { type, message } = await failure();
    await docker('start', 's3');
    expect(replica).toMatch(/^behind: .+/);
    expect({ code, state }).toEqual({ code: 0, state: 'behind' });
    expect(type).toBe('ReplicaNotProven');
    expect(message).toMatch(/^the replica did not catch up in 4 s: .+ "pointsman status" tells whether it does/s);
    expect(message).not.toContain('demo-secret-key');
    await inLitestream('litestream', 'sync', '-wait', '-timeout', '60', '/app/data/app.db');
    expect(await prove()).toMatchObject({ replica: { inStep: true } });
  });

  test('says that Litestream does not run, and the proof says to start it', async () => {
    await docker('stop', 'litestream');
    const { code, replica, state } = await status();
    const { message } = await failure();
    await docker('start', 'litestream');
    expect(replica).toBe('litestream does not run');
    expect({ code, state }).toEqual({ code: 0, state: 'stopped' });
    expect(message).toContain(`Start its service (docker compose -p ${place.project} start litestream)`);
  });

  test('says that nothing can be told where Litestream has no control socket, and nothing is proven then', async () => {
    await place.edit('litestream/litestream.yml', (text) => text.replace('enabled: true', 'enabled: false'));
    await docker('restart', 'litestream');
    const { code, replica, state } = await status();
    expect(replica).toMatch(/^cannot be told: Litestream has no control socket/);
    expect({ code, state }).toEqual({ code: 0, state: 'unknown' });
    expect(await prove()).toBeNull();
    await place.edit('litestream/litestream.yml', (text) => text.replace('enabled: false', 'enabled: true'));
    await docker('restart', 'litestream');
  });
});

/** The files of the replica, as the S3 server keeps them. */
async function objects(): Promise<string[]> {
  const s3 = (await place.container('s3'))?.id ?? '';
  return (await execIn(place.docker, s3, ['sh', '-c', 'ls -d /data/notes/app/*/*/*'])).stdout.trim().split('\n');
}

test('a replica that lost its newest part, though Litestream says that it is in step, is not proven', async () => {
  await untilInStep();
  const before = await objects();
  await write();
  await untilInStep();
  const newest = (await objects()).filter((path) => !before.includes(path));
  expect(newest).not.toEqual([]);
  await execIn(place.docker, (await place.container('s3'))?.id ?? '', ['rm', '-r', ...newest]);
  expect((await status()).state).toBe('in step');
  const { type, message } = await failure();
  expect(type).toBe('ReplicaNotProven');
  expect(message).toMatch(
    /^the replica is not proven: it is not what the database holds: notes \(rows: \d+ missing\)\. Restart its service: it then sends the whole database anew/,
  );
  await docker('restart', 'litestream');
  await untilInStep();
  expect(await prove()).toMatchObject({ replica: { inStep: true } });
});

/** What pointsman never does: another file in the place of the one that Litestream has open. */
const swapFiles = `
copy = sqlite3.connect('swapped.db')
db.backup(copy)
copy.execute("DELETE FROM notes WHERE rowid % 2 = 0")
copy.commit()
copy.close()
db.close()
os.chown('swapped.db', 1000, 1000)
os.rename('swapped.db', 'app.db')
for end in ('-wal', '-shm'):
    if os.path.exists('app.db' + end): os.unlink('app.db' + end)
print('swapped')`;

test('a replica of a file that was replaced under Litestream is not proven until Litestream is restarted', async () => {
  await untilInStep();
  await docker('stop', 'app-blue');
  expect(await place.python(swapFiles)).toBe('swapped');
  await docker('start', 'app-blue');
  const { type, message } = await failure();
  expect(type).toBe('ReplicaNotProven');
  expect(message).toMatch(/estart its service.* \(docker compose -p \S+ restart litestream\)/);
  await docker('restart', 'litestream');
  await untilInStep();
  expect(await prove()).toMatchObject({ replica: { inStep: true } });
});

/** Litestream was just started: its socket comes a moment later. */
async function untilInStep(): Promise<void> {
  for (;;) {
    const { stdout } = await place.start('status', '-e', 'demo', '--json');
    if ((JSON.parse(stdout) as { replica: { state: string } | null }).replica?.state === 'in step') return;
  }
}
