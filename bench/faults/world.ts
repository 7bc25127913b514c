import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { LocalHost } from '../../src/hosts/local-host.js';
import { readRecords } from '../../src/docker/release-record.js';
import { readSlotImages, type SlotImages } from '../../src/docker/slots-env.js';
import { execIn } from '../../src/docker/container.js';
import type { ReleaseRecord } from '../../src/model/release-record.js';
import type { Live } from '../../src/model/slot.js';
import type { Playground } from '../../test/support/playground.js';
import { ask } from './ask.js';

/** A container of the project as it stands. */
export interface ContainerFacts {
  readonly service: string;
  readonly id: string;
  readonly startedAt: string;
  readonly running: boolean;
  readonly health: string;
  readonly image: string;
}

/** Everything that a deploy may change, as found on the machine. */
export interface World {
  readonly live: Live | null;
  readonly containers: readonly ContainerFacts[];
  /** Containers and volumes beside the Compose project's own: what a step left behind. */
  readonly strays: readonly string[];
  readonly config: string;
  readonly configFiles: readonly string[];
  readonly database: DatabaseState;
  readonly records: readonly ReleaseRecord[];
  readonly slotImages: SlotImages;
}

export interface DatabaseState {
  readonly integrity: string;
  readonly schema: string;
  readonly files: readonly string[];
  /** Backups whose manifest does not say their own size. */
  readonly unlike: readonly string[];
  readonly notes: readonly string[];
  /** Notes that are only in what restores kept aside. */
  readonly aside: readonly string[];
}

/** Asks everything of the database in one go, and in the live app's container: starting one costs more than the questions. */
const questions = `
import glob, json, os, sqlite3
os.chdir('/app/data')
db = sqlite3.connect('app.db', timeout=10)
files = sorted(os.listdir('.'))
own = "SELECT sql FROM sqlite_master WHERE name NOT LIKE '\\\\_litestream%' ESCAPE '\\\\' AND sql IS NOT NULL ORDER BY name"
tables = [n for (n,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
applied = [list(map(str, row[:1])) for t in tables if 'migration' in t for row in db.execute(f'SELECT * FROM {t} ORDER BY 1')]
schema = [[s for (s,) in db.execute(own)], db.execute('PRAGMA user_version').fetchone()[0], applied]
notes = [i for (i,) in db.execute('SELECT id FROM notes')]
aside = set()
for name in glob.glob('app.db.failed-*'):
    if name.endswith('Z'):
        kept = sqlite3.connect(f'file:{name}?immutable=1', uri=True)
        aside.update(i for (i,) in kept.execute('SELECT id FROM notes'))
unlike = []
for name in glob.glob('app.db.pre-deploy-*.json'):
    if json.load(open(name))['bytes'] != os.path.getsize(name[:-5]): unlike.append(name)
print(json.dumps({'integrity': db.execute('PRAGMA integrity_check').fetchone()[0], 'schema': json.dumps(schema),
  'files': files, 'unlike': unlike, 'notes': notes, 'aside': sorted(aside)}))
`;

export async function look(place: Playground): Promise<World> {
  const answer = await ask(place.port);
  const live = answer && { slot: answer.slot, release: answer.release };
  const [containers, strays, router, database] = await Promise.all([
    containersOf(place),
    straysOf(place),
    routerFiles(place),
    answersOf(place, live),
  ]);
  const host = new LocalHost({ stateDirectory: place.home });
  const environment = { project: place.project, environment: 'demo' };
  const [records, slotImages] = await Promise.all([readRecords(host, environment), readSlotImages(host, environment)]);
  return {
    ...{ live, containers, strays, ...router, records, slotImages },
    database: JSON.parse(database) as DatabaseState,
  };
}

async function answersOf(place: Playground, live: Live | null): Promise<string> {
  const app = live && (await place.container(`app-${live.slot}`));
  if (!app?.running) throw new Error(`nothing is live that could be asked for the database: ${JSON.stringify(live)}`);
  return (await execa('docker', ['exec', '-u', '0', app.id, 'python', '-c', questions])).stdout;
}

/** Longer than the longest interval between two health checks in the app's Compose file. */
const longestStartMs = 30_000;

/** The containers, once the engine has told of each that it started again whether it is healthy. */
async function containersOf(place: Playground): Promise<ContainerFacts[]> {
  const deadline = Date.now() + longestStartMs;
  for (;;) {
    const found = await containersNow(place);
    if (Date.now() > deadline || !found.some(({ running, health }) => running && health === 'starting')) return found;
    await sleep(100);
  }
}

export async function containersNow({ docker, project }: Playground): Promise<ContainerFacts[]> {
  const label = [`com.docker.compose.project=${project}`];
  const found = await docker.listContainers({ all: true, filters: { label } });
  return Promise.all(
    found.map(async ({ Id, Labels }) => {
      const { State, Config } = await docker.getContainer(Id).inspect();
      return {
        service: Labels['com.docker.compose.service'] ?? 'unknown',
        ...{ id: Id, startedAt: State.StartedAt, running: State.Running, image: Config.Image },
        health: State.Health?.Status ?? 'none',
      };
    }),
  );
}

async function straysOf({ docker, project }: Playground): Promise<string[]> {
  const containers = await docker.listContainers({ all: true });
  const { Volumes } = await docker.listVolumes();
  const owned = containers.filter(({ Labels }) => Labels['com.docker.compose.project'] !== project);
  const names = [...owned.flatMap(({ Names }) => Names), ...Volumes.map(({ Name }) => Name)];
  return names.filter((name) => name.includes(`pointsman-${project}`)).sort();
}

async function routerFiles(place: Playground): Promise<Pick<World, 'config' | 'configFiles'>> {
  const router = await place.container('router');
  if (!router?.running) return { config: 'the router does not run', configFiles: [] };
  const read = (...argv: string[]) => execIn(place.docker, router.id, argv);
  const directory = '/etc/nginx/conf.d';
  const [config, list] = await Promise.all([
    read('cat', `${directory}/default.conf`),
    read('find', directory, '!', '-type', 'd'),
  ]);
  return { config: config.stdout, configFiles: list.stdout.split('\n').filter(Boolean).sort() };
}
