import { execa } from 'execa';
import type { Playground } from '../../test/support/playground.js';

/** Where the rows are whose writing was acknowledged. */
export interface Rows {
  readonly acknowledged: number;
  readonly present: number;
  /** Only in what a restore has kept aside: docs/database.md says when. */
  readonly aside: number;
  readonly lost: readonly string[];
}

/** In the app's own container: starting one for it would cost more than the question. */
const question = `
import glob, json, os, sqlite3, sys
os.chdir('/app/data')
wanted = set(sys.stdin.read().split())
def ids(name):
    return {i for (i,) in sqlite3.connect(name, uri=True, timeout=10).execute('SELECT id FROM notes')}
missing = wanted - ids('file:app.db')
aside = set()
for name in sorted(glob.glob('app.db.failed-*Z'), reverse=True):
    if missing - aside: aside |= missing & ids(f'file:{name}?immutable=1')
print(json.dumps({'aside': sorted(aside), 'lost': sorted(missing - aside)}))
`;

/** All rows that were ever acknowledged in one project. Each is looked for again and again: a later deploy must not lose it either. */
export class RowKeeper {
  private readonly place: Playground;
  private readonly expected = new Set<string>();

  constructor(place: Playground) {
    this.place = place;
  }

  /** Looks for these, and for all that were found in the database before; the figures are of these only, but for what is lost. */
  async look(acknowledged: readonly string[]): Promise<Rows> {
    for (const id of acknowledged) this.expected.add(id);
    const { aside, lost } = await this.ask();
    // What is aside or lost is told once.
    for (const id of [...aside, ...lost]) this.expected.delete(id);
    const present = acknowledged.length - aside.length - lost.length;
    return { acknowledged: acknowledged.length, present, aside: aside.length, lost };
  }

  private async ask(): Promise<{ readonly aside: string[]; readonly lost: string[] }> {
    const app = await this.serving();
    const input = [...this.expected].join('\n');
    const { stdout } = await execa('docker', ['exec', '-i', '-u', '0', app, 'python', '-c', question], { input });
    return JSON.parse(stdout) as { aside: string[]; lost: string[] };
  }

  private async serving(): Promise<string> {
    for (const service of ['app-blue', 'app-green', 'app']) {
      const container = await this.place.container(service);
      if (container?.running) return container.id;
    }
    throw new Error('no container of the app runs that could be asked for its rows');
  }
}
