// Records the history of every kind of run, from real ones on this machine, for the replay tests:
// `npx tsx script/record-histories.ts VERSION`. Only those that are missing: no file is ever written again.
import { existsSync } from 'node:fs';
import { mkdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { Client, Connection } from '@temporalio/client';
import { historyFromJSON, historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { execa } from 'execa';
import { parseDocument } from 'yaml';
import type { QueueInput, Waiter } from '../src/model/queue.js';
import { taskQueue } from '../src/temporal/place.js';
import { whoIsUp } from '../src/temporal/presence.js';
import { joinLine, leaveLine } from '../src/workflows/messages.js';
import { setup } from '../test/support/e2e-setup.js';
import { historiesDirectory, kindsOfRun, type KindOfRun } from '../test/support/histories.js';
import { historyText } from '../test/support/history-text.js';
import { HistoryWatch } from '../test/support/history-watch.js';
import { Playground } from '../test/support/playground.js';
import { untilSaid } from '../test/support/until-said.js';

const [version] = process.argv.slice(2);
if (!version) throw new Error('usage: record-histories.ts VERSION');
const target = join(historiesDirectory, version);
const missing = kindsOfRun.filter((kind) => !existsSync(fileOf(kind)));

// A neutral place: paths are part of a workflow's input.
const place = await Playground.create({ at: '/srv/notes' });
const removeImages = await setup();
const run = `${place.project}/demo`;
const drill = `${run}/drill`;
const line = `${run}/queue`;
const migrate = ['python', '-m', 'app.migrate'];

interface Recorded {
  readonly workflowId: string;
  readonly runId?: string;
}

/** Made in any case: the others stand on them. */
const base: readonly KindOfRun[] = ['first-deploy', 'second-deploy', 'backed-up', 'restored'];

/**
 * How each kind of run comes about, whatever of the others came before; returns which it is, where not the last one of a workflow
 * id with its run. Made in the order of `kindsOfRun`.
 */
const recipes: Record<KindOfRun, () => Promise<string | Recorded>> = {
  'first-deploy': () => deploy('v1'),
  'second-deploy': () => deploy('v2'),
  'failed-health': () => deploy('broken', 4),
  cancelled: async () => {
    const deploying = place.start('deploy', '-e', 'demo', '--release', 'v3');
    await place.untilRunning('composeUpWait');
    await command(7, 'abort');
    await deploying;
    return run;
  },
  'rolled-back': () => command(0, 'rollback'),
  refused: () => deploy('nowhere', 3),
  'backed-up': () => command(0, 'backup', 'now'),
  // It leaves a database that only the failed release can read: the next one puts it back.
  skipped: async () => {
    await needsAttention();
    return command(8, 'skip', '--reason', 'the backup is lost');
  },
  restored: async () => {
    const manual = (await place.files()).find((file) => /\.manual-\w+$/.test(file)) ?? '';
    return command(0, 'restore', manual, '--yes');
  },
  drilled: async () => {
    await command(0, 'drill');
    return drill;
  },
  'drilled-by-schedule': async () => {
    await place.edit('pointsman.yml', (text) => text.replace('replica:\n', 'replica:\n  drill: "30 3 * * *"\n'));
    // The command makes the schedule.
    await command(0, 'drill');
    return withClient(async ({ schedule, workflow }) => {
      const handle = schedule.getHandle(drill);
      await handle.trigger();
      for (;;) {
        const [begun] = (await handle.describe()).info.recentActions;
        if (!begun) continue;
        const { workflowId } = begun.action.workflow;
        await workflow.getHandle(workflowId).result();
        return workflowId;
      }
    });
  },
  queued: async () => {
    const first = place.start('deploy', '-e', 'demo', '--release', 'v1');
    await place.untilRunning('composeUpWait');
    await deploy('v2', 0, '--queue');
    await first;
    await withClient(({ workflow }) => workflow.getHandle(line).result());
    return line;
  },
  recovered: async () => {
    const deploying = place.start('deploy', '-e', 'demo', '--release', 'hanging');
    await place.untilRunning('composeUpWait');
    await withClient(({ workflow }) => workflow.getHandle(run).terminate('enough of it'));
    await deploying;
    return command(0, 'recover', '--database', 'restore');
  },
  retried: async () => {
    const moveBack = await needsAttention();
    await moveBack();
    return command(4, 'retry', '--reason', 'the backup is back');
  },
  'undone-while-held': async () => {
    await place.database({ migrate, holdWrites: true });
    return deploy('broken', 4);
  },
  'migrated-while-held': async () => {
    await place.database({ migrate, holdWrites: true });
    return deploy('with-migration');
  },
  canaried: () => withKeys({ canary: { stages: [25, 50], pause: '4s' } }, () => deploy('v1')),
  baked: () => withKeys({ bake: { duration: '6s', window: '2s', failures: 2 } }, () => deploy('v2')),
  approved: () => withKeys({ approval: 'before-switch' }, () => asked('v1', 0, ['approve', '--reason', 'looks right'])),
  disapproved: () => withKeys({ approval: 'before-switch' }, () => asked('v2', 4, ['abort', '--reason', 'not today'])),
  maintained: async () => {
    await command(0, 'maintenance', 'on');
    return command(0, 'maintenance', 'off');
  },
  adopted: async () => {
    await place.database({});
    await byHand();
    return command(0, 'adopt', '--yes');
  },
  'tidied-while-draining': () => deploy('v1'),
  resumed: async () => {
    const deploying = place.start('deploy', '-e', 'demo', '--release', 'v2');
    await place.untilRunning('composeUpWait');
    process.kill((await whoIsUp(place.home))?.pid ?? 0, 'SIGKILL');
    await deploying;
    return run;
  },
  'approval-expired': () => withKeys({ approval: { when: 'before-switch', timeout: '2s' } }, () => deploy('v1', 4)),
  superseded: async () => {
    await place.holdSlots();
    const first = place.start('deploy', '-e', 'demo', '--release', 'v3');
    await place.untilRunning('composeUpWait');
    const second = place.start('deploy', '-e', 'demo', '--release', 'v1', '--queue');
    await untilSaid(second.all, 'number 1 in line');
    const third = place.start('deploy', '-e', 'demo', '--release', 'v2', '--supersede');
    await second;
    await place.letSlotsGo();
    await Promise.all([first, third]);
    await withClient(({ workflow }) => workflow.getHandle(line).result());
    return line;
  },
  'line-continued': () => withClient(untilContinued),
};

try {
  for (const kind of kindsOfRun) {
    if (base.includes(kind) || missing.includes(kind)) await save(kind, await recipes[kind]());
  }
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

function deploy(release: string, expected = 0, ...more: string[]): Promise<string> {
  return command(expected, 'deploy', '--release', release, ...more);
}

async function command(expected: number, ...words: string[]): Promise<string> {
  const { code, out } = await place.run(...words, '-e', 'demo');
  if (code !== expected) throw new Error(`${words.join(' ')} ended with ${code}, and not with ${expected}:\n${out}`);
  return run;
}

/** Puts a config into the router as a user would write it, for the slot that is live. */
async function byHand(): Promise<void> {
  const live = await place.live();
  const config = `server {
  listen 5000;
  keepalive_min_timeout 2s;
  location / { proxy_pass http://app-${live?.slot}:8000; }
}
`;
  const { id } = (await place.container('router')) ?? { id: '' };
  const script = 'cat > /etc/nginx/conf.d/default.conf && nginx -s reload';
  await execa('docker', ['exec', '-i', id, 'sh', '-c', script], { input: config });
}

/** Does `work` with these keys in `pointsman.yml`, of a database that nothing more is done about. */
async function withKeys(keys: Readonly<Record<string, unknown>>, work: () => Promise<string>): Promise<string> {
  await place.database({});
  const change = (set: (file: ReturnType<typeof parseDocument>, key: string) => void) =>
    place.edit('pointsman.yml', (text) => {
      const file = parseDocument(text);
      for (const key of Object.keys(keys)) set(file, key);
      return file.toString();
    });
  await change((file, key) => file.set(key, keys[key]));
  return work().finally(() => change((file, key) => void file.delete(key)));
}

/** A deploy that waits for a person, and the answer: the command that gives it follows the deploy, and ends as it does. */
async function asked(release: string, expected: number, answer: readonly string[]): Promise<string> {
  const deploying = deploy(release, expected);
  await place.untilRunning('approval');
  await command(expected, ...answer);
  return deploying;
}

/** A line that has heard so much that it goes on with a fresh history: most of it that somebody leaves who never waited. */
async function untilContinued({ workflow }: Client): Promise<Recorded> {
  const waiter: Waiter = { id: 'a', release: 'v1', requestedBy: 'somebody', since: null, supersede: false };
  const args: [QueueInput] = [{ line: [] }];
  const begun = { workflowId: line, taskQueue, signal: joinLine, signalArgs: [waiter] as [Waiter], args };
  const { signaledRunId: runId } = await workflow.signalWithStart('queue', begun);
  const handle = workflow.getHandle(line, runId);
  for (;;) {
    const { status, historyLength } = await handle.describe();
    if (status.name !== 'RUNNING') break;
    // It looks at its length when somebody may be gone, so the one in it has to stay for that.
    await workflow.getHandle(line).signal(joinLine, waiter);
    if (historyLength > 2000) await sleep(1000);
    else await Promise.all(Array.from({ length: 50 }, () => workflow.getHandle(line).signal(leaveLine, 'b')));
  }
  return { workflowId: line, runId };
}

/** A failed deploy whose backup is moved away before it is put back. */
async function needsAttention(): Promise<() => Promise<unknown>> {
  await place.database({});
  await using history = await HistoryWatch.open(place.temporalPort, run);
  const earlier = await history.newestRun();
  const deploying = deploy('broken', 5);
  let now = await history.newestRun();
  while (!now || now === earlier) now = await history.newestRun();
  await history.until(now, { step: 'backupDatabase', at: 'end' });
  const backup = (await place.files()).filter((file) => /\.pre-deploy-\w+$/.test(file)).at(-1) ?? '';
  await place.python(`os.rename('${backup}', '${backup}.aside')`);
  await deploying;
  return () => place.python(`os.rename('${backup}.aside', '${backup}')`);
}

async function withClient<Result>(ask: (client: Client) => Promise<Result>): Promise<Result> {
  const connection = await Connection.connect({ address: `127.0.0.1:${place.temporalPort}` });
  return ask(new Client({ connection })).finally(() => connection.close());
}

/** That of a line that was continued is thirty times smaller packed. */
function fileOf(kind: KindOfRun): string {
  return join(target, `${kind}.json${kind === 'line-continued' ? '.gz' : ''}`);
}

async function save(kind: KindOfRun, made: string | Recorded): Promise<void> {
  if (!missing.includes(kind)) return;
  const { workflowId, runId } = typeof made === 'string' ? { workflowId: made } : made;
  const history = await withClient(({ workflow }) => workflow.getHandle(workflowId, runId).fetchHistory());
  const text = (await machinePaths()).reduce(
    (json, [path, neutral]) => json.replaceAll(path, neutral),
    historyToJSON(history),
  );
  await requireNeutral(kind, historyText(historyFromJSON(JSON.parse(text))));
  await mkdir(target, { recursive: true });
  const file = fileOf(kind);
  await writeFile(file, file.endsWith('.gz') ? gzipSync(text, { level: 9 }) : `${text}\n`, { flag: 'wx' });
  console.log(`recorded ${kind}: ${history.events?.length ?? 0} events`);
}

/** Where this checkout and its packages are, which may be a link to another one's; and what stands for them. */
async function machinePaths(): Promise<[string, string][]> {
  const root = fileURLToPath(new URL('..', import.meta.url));
  return [
    [root, '/opt/pointsman/'],
    [`${await realpath(join(root, 'node_modules'))}/`, '/opt/pointsman/node_modules/'],
  ];
}

/** In payloads nothing can be replaced: their bytes are written down as they are. */
async function requireNeutral(kind: KindOfRun, text: string): Promise<void> {
  const lines = (await readFile(join(place.directory, '.env.demo'), 'utf8')).split('\n');
  const secrets = lines.filter((line) => /^\w*(SECRET|TOKEN|PASSWORD)\w*=/.test(line));
  const words = [
    ...secrets.map((line) => line.slice(line.indexOf('=') + 1)),
    ...(await machinePaths()).map(([path]) => path),
  ];
  const found = words.filter((word) => text.includes(word));
  if (found.length > 0) throw new Error(`the history of ${kind} holds ${found.join(', ')}`);
}
