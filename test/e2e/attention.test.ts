import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { exitCodes } from '../../src/cli/exit-codes.js';
import type { ReleaseRecord } from '../../src/model/release-record.js';
import { Traffic } from '../../bench/traffic.js';
import { Playground } from '../support/playground.js';
import { QuickRetries } from '../support/quick-retries.js';

/** Room for the app, its replica and a backup, so that a file can take the rest of it. */
const tmpfs = 'driver_opts: { type: tmpfs, device: tmpfs, o: "size=32m,uid=1000,gid=1000" }';

let place: Playground;
let quick: QuickRetries;

beforeAll(async () => {
  quick = await QuickRetries.create();
  place = await Playground.create();
  place.program = quick.main;
  await place.edit('compose.yml', (text) =>
    text.replace('volumes:\n  app-data:\n', `volumes:\n  app-data:\n    ${tmpfs}\n`),
  );
  const { code, out } = await place.deploy('v1');
  if (code !== exitCodes.succeeded) throw new Error(out);
});
afterAll(async () => {
  await place?.[Symbol.asyncDispose]();
  await quick?.[Symbol.asyncDispose]();
});

/** The app's own tables: its failing release adds one. */
function tables(): Promise<string> {
  const own = `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '!_%' ESCAPE '!' ORDER BY name`;
  return place.python(`print([name for (name,) in db.execute("${own}")])`);
}

/** Takes all that is free in the volume, as a log that nobody rotates would. */
async function fillTheDisk(): Promise<void> {
  await place.python(
    [
      'file = open("filler", "wb", buffering=0)',
      'try:',
      '    while file.write(b"x" * 4096): pass',
      'except OSError as error:',
      '    assert error.errno == 28, error',
    ].join('\n'),
  );
}

test('a restore that finds the disk full waits for a person; users stay on what they had, and nothing is lost', async () => {
  const before = await tables();
  const users = new Traffic({ port: place.port, clients: 4, path: '/api/count', writes: false });
  onTestFinished(async () => void (await users.stop()));
  const deploying = place.start('deploy', '-e', 'demo', '--release', 'broken');
  while ((await tables()) === before) expect(deploying.exitCode).toBeNull();
  const notes = await place.notes();
  await fillTheDisk();

  const { exitCode, all } = await deploying;
  const said = [
    /Needs attention: restoreDatabase could not finish: .*needs [\d,]+ bytes beside the database, [\d,]+ are free/,
    /Live now: blue \(v1\)\./,
    /"pointsman retry"; or leave it as it is with "pointsman skip --reason …"/,
  ];
  for (const words of said) expect(all).toMatch(words);
  expect(exitCode).toBe(exitCodes.needsAttention);
  const status = await place.run('status', '-e', 'demo');
  expect(status.code, status.out).toBe(exitCodes.needsAttention);
  for (const words of [/^live: blue \(v1\)$/m, ...said]) expect(status.out).toMatch(words);
  expect(await place.deploy('v2')).toEndWith(exitCodes.busy);

  await place.python('os.remove("filler")');
  const retried = await place.run('retry', '-e', 'demo', '--reason', 'removed the file');
  expect(retried.out).toContain('Live: blue (v1), as before.');
  expect(retried.code, retried.out).toBe(exitCodes.undone);
  expect(await tables()).toBe(before);
  expect(await place.notes()).toEqual(notes);
  const { stdout } = await place.start('history', '-e', 'demo', '--json');
  expect((JSON.parse(stdout) as ReleaseRecord[])[0]).toMatchObject({
    ...{ release: 'broken', outcome: 'undone' },
    decisions: [
      { step: 'restoreDatabase', action: 'retry', by: expect.any(String) as string, reason: 'removed the file' },
    ],
  });
  expect((await users.stop()).failures).toEqual({});
});
