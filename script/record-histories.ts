// Records the history of every kind of run, from real deploys on this machine, for the replay tests:
// `npx tsx script/record-histories.ts VERSION`. A version that has histories is never recorded again.
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { setup } from '../test/support/e2e-setup.js';
import { historiesDirectory } from '../test/support/histories.js';
import { Playground } from '../test/support/playground.js';

const [version] = process.argv.slice(2);
if (!version) throw new Error('usage: record-histories.ts VERSION');
const target = join(historiesDirectory, version);
if (existsSync(target)) throw new Error(`${target} exists: histories of a version are never recorded again`);

// A neutral place: paths are part of a workflow's input.
const place = await Playground.create({ at: '/srv/notes' });
const removeImages = await setup();
try {
  await place.deploy('v1');
  await save('first-deploy');
  await place.deploy('v2');
  await save('second-deploy');
  await place.deploy('broken');
  await save('failed-health');
  const deploying = place.start('deploy', '-e', 'demo', '--release', 'v3');
  await place.untilRunning('composeUpWait');
  await place.run('abort', '-e', 'demo');
  await deploying;
  await save('cancelled');
  await place.run('rollback', '-e', 'demo');
  await save('rolled-back');
  await place.deploy('nowhere');
  await save('refused');
  const hold = process.env['POINTSMAN_HOLD'];
  if (hold) {
    console.log(`held: UI at http://127.0.0.1:${place.uiPort}; send a line to go on`);
    await new Promise((resolve) => process.stdin.once('data', resolve));
  }
} finally {
  await place[Symbol.asyncDispose]();
  await removeImages();
}
process.exit();

async function save(name: string): Promise<void> {
  const connection = await Connection.connect({ address: `127.0.0.1:${place.temporalPort}` });
  const history = await new Client({ connection }).workflow.getHandle(`${place.project}/demo`).fetchHistory();
  await connection.close();
  const root = fileURLToPath(new URL('..', import.meta.url));
  const text = historyToJSON(history).replaceAll(root, '/opt/pointsman/');
  await mkdir(target, { recursive: true });
  await writeFile(join(target, `${name}.json`), `${text}\n`);
  console.log(`recorded ${name}: ${history.events?.length ?? 0} events`);
}
