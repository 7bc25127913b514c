import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import { onTestFinished } from 'vitest';
import { SqliteDatabase } from '../../src/database/sqlite.js';
import { pythonTool } from './python-tool.js';

/** A database as an app has it, in a directory of its own that goes with the test. */
export class SqliteApp {
  readonly directory: string;
  readonly file: string;
  readonly database: SqliteDatabase;

  private constructor(directory: string) {
    this.directory = directory;
    this.file = join(directory, 'app.db');
    this.database = new SqliteDatabase(pythonTool, { database: this.file, migrationTable: null });
  }

  /** @param setUp Python statements; each SQL statement in them commits by itself. */
  static async create(setUp: string = usual): Promise<SqliteApp> {
    const app = new SqliteApp(await mkdtemp(join(tmpdir(), 'pointsman-database-')));
    onTestFinished(() => rm(app.directory, { recursive: true, force: true }));
    await app.python(setUp);
    return app;
  }

  /** Runs Python with `db` open on the database, or on another file beside it. */
  async python(code: string, name = 'app.db'): Promise<string> {
    const { stdout } = await execa('python3', ['-c', opening + code, join(this.directory, name)]);
    return stdout;
  }

  /** What a query of one column answers. */
  async column(query: string, name = 'app.db'): Promise<unknown[]> {
    const code = `print(json.dumps([row[0] for row in db.execute(${JSON.stringify(query)})]))`;
    return JSON.parse(await this.python(code, name)) as unknown[];
  }

  /** Another process that has the database open: it runs the Python that it is given, line by line, in one connection. */
  connect(): AppConnection {
    const code = `${opening}\nfor line in sys.stdin:\n    exec(json.loads(line))\n    print("done", flush=True)`;
    const child = execa('python3', ['-c', code, this.file], { reject: false });
    onTestFinished(() => void child.kill('SIGKILL'));
    const lines = createInterface({ input: child.stdout });
    return {
      run: async (python) => {
        const done = once(lines, 'line');
        child.stdin.write(`${JSON.stringify(python)}\n`);
        await done;
      },
    };
  }

  /** A process of the app that writes row after row through one connection. */
  write(prefix: string): AppWriter {
    const code = `${opening}
number = 0
while not select.select([sys.stdin], [], [], 0)[0]:
    db.execute("INSERT INTO notes (text) VALUES (?)", (f"${prefix}-{number}",))
    print(number, flush=True)
    number += 1`;
    const child = execa('python3', ['-c', code, this.file], { reject: false });
    onTestFinished(() => void child.kill('SIGKILL'));
    const lines = createInterface({ input: child.stdout });
    let acknowledged = 0;
    lines.on('line', () => (acknowledged += 1));
    return {
      more: async (rows) => {
        for (const target = acknowledged + rows; acknowledged < target;) await once(lines, 'line');
      },
      stop: async () => {
        child.stdin.end();
        const { exitCode, stderr } = await child;
        if (exitCode !== 0) throw new Error(stderr);
        return Array.from({ length: acknowledged }, (_, number) => `${prefix}-${number}`);
      },
    };
  }
}

export interface AppConnection {
  run(python: string): Promise<void>;
}

export interface AppWriter {
  /** Waits until that many more rows were acknowledged. */
  more(rows: number): Promise<void>;
  /** Ends it and returns every row that was acknowledged. */
  stop(): Promise<string[]>;
}

const opening = `
import json, select, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
`;

const usual = `
db.execute("PRAGMA journal_mode = WAL")
db.execute("CREATE TABLE schema_migrations (version TEXT PRIMARY KEY)")
db.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")
db.execute("BEGIN")
db.executemany("INSERT INTO notes (text) VALUES (?)", [("before",)] * 200)
db.execute("COMMIT")
`;
