/**
 * How many rows each ending of a deploy keeps, with and without a write hold: `npm run losses`.
 *
 * Real Docker, nginx, SQLite, Litestream and Temporal; clients write through the router all along. Prints the table of
 * docs/database.md; exits with 1 when a row was lost that should not be.
 */
import { parseArgs } from 'node:util';
import { execa } from 'execa';
import { imageRepository, Playground } from '../../test/support/playground.js';
import { setup } from '../../test/support/e2e-setup.js';
import { endings, type Ending } from './endings.js';
import { Writers } from './writers.js';

interface Line {
  readonly ending: string;
  readonly hold: boolean;
  readonly committed: number;
  readonly present: number;
  readonly salvaged: number;
  readonly lost: number;
  readonly held: number;
  readonly failures: Readonly<Record<string, number>>;
}

async function measure(place: Playground, ending: Ending, hold: boolean): Promise<Line> {
  await place.database({
    holdWrites: hold,
    ...(ending.rehearsal ? { migrate: ['python', '-m', 'app.migrate'] } : {}),
  });
  const before = new Set(await place.files());
  const writers = new Writers(place.port, ending.pauseMs ?? 10);
  await writers.atLeast(ending.rows / 4);
  await ending.act(place);
  await writers.atLeast(Math.max(ending.rows, writers.rows + ending.rows / 4));
  const { acknowledged, held, failures } = await writers.stop();
  const live = await place.notes();
  const salvages = (await place.files()).filter((name) => /^app\.db\.failed-\w+$/.test(name) && !before.has(name));
  const aside = new Set<string>();
  for (const name of salvages) for (const id of await place.notes(name)) aside.add(id);
  const absent = acknowledged.filter((id) => !live.has(id));
  const lost = absent.filter((id) => !aside.has(id)).length;
  return {
    ...{ ending: ending.name, hold, committed: acknowledged.length, present: acknowledged.length - absent.length },
    ...{ salvaged: absent.length - lost, lost, held, failures },
  };
}

async function buildMigratingHanging(): Promise<void> {
  const wait = 'import signal, socket, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit())';
  const serve = "s = socket.create_server(('', 8000)); time.sleep(600)";
  const command = `from app import migrate; migrate.run(); ${wait}; ${serve}`;
  const input = `FROM ${imageRepository}:with-migration\nENTRYPOINT []\nCMD ["python", "-c", "${command}"]\n`;
  await execa('docker', ['build', '-t', `${imageRepository}:migrating-hanging`, '-'], {
    env: { DOCKER_BUILDKIT: '0' },
    input,
  });
}

async function measureAll(hold: boolean, wanted: readonly Ending[]): Promise<Line[]> {
  await using place = await Playground.create({ asWritten: true });
  const lines: Line[] = [];
  if ((await place.deploy('v1')).code !== 0) throw new Error('the first deploy failed');
  for (const ending of wanted) {
    const line = await measure(place, ending, hold);
    process.stderr.write(`${JSON.stringify(line)}\n`);
    lines.push(line);
  }
  return lines;
}

function table(lines: readonly Line[]): string {
  const head = ['ending', 'hold', 'committed', 'present', 'only in salvage', 'lost', 'answered 503', 'failed'];
  const rows = lines.map(({ ending, hold, failures, ...counts }) => {
    const failed = Object.entries(failures).map(([kind, count]) => `${count} × ${kind}`);
    const { committed, present, salvaged, lost, held } = counts;
    return [ending, hold ? 'on' : 'off', committed, present, salvaged, lost, held, failed.join(', ') || '0'];
  });
  const total = lines.reduce((sum, { committed }) => sum + committed, 0);
  const body = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return [...body, '', `${total.toLocaleString('en')} rows were committed in all.`].join('\n');
}

// `npm run losses -- --hold on rehearsal`: those lines only.
const { values, positionals: only } = parseArgs({ allowPositionals: true, options: { hold: { type: 'string' } } });
const wanted = endings.filter(({ name }) => only.length === 0 || only.some((part) => name.includes(part)));
const holds = [false, true].filter((hold) => values.hold === undefined || (values.hold === 'on') === hold);
const tearDown = await setup();
try {
  await buildMigratingHanging();
  const lines: Line[] = [];
  for (const hold of holds) lines.push(...(await measureAll(hold, wanted)));
  process.stdout.write(`${table(lines)}\n`);
  const wrong = lines.filter(({ lost, salvaged, hold }) => lost > 0 || (hold && salvaged > 0));
  process.exitCode = wrong.length === 0 ? 0 : 1;
} finally {
  await execa('docker', ['rmi', '-f', `${imageRepository}:migrating-hanging`], { reject: false });
  await tearDown();
}
