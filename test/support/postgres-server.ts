import { once } from 'node:events';
import { createInterface } from 'node:readline';
import Docker from 'dockerode';
import { execa } from 'execa';
import { onTestFinished } from 'vitest';
import type { Database } from '../../src/database/database.js';
import { PostgresDatabase } from '../../src/database/postgres.js';
import { runInServer } from '../../src/database/postgres-of.js';
import { until } from '../../src/install/until.js';
import { ownName } from './names.js';

const place = { name: 'app', user: 'app', backups: '/backups' };

/**
 * Counts the programs that the tool starts and kills the tool after one of them. Only the tool itself: a process without
 * a parent that dies of a signal is a crash to the server, whose child it has become.
 */
const killer = String.raw`#!/bin/bash
program=$(basename "$0")
count=$(($(cat /faults/count 2>/dev/null || echo 0) + 1))
echo "$count" >/faults/count
"$(PATH=$REAL_PATH command -v "$program")" "$@"
code=$?
if [ "$count" = "$(cat /faults/after)" ]; then
  top=$PPID
  while parent=$(awk '/^PPid:/ { print $2 }' /proc/$top/status) && [ "$parent" -gt 1 ]; do top=$parent; done
  touch /faults/died
  kill -9 "$top"
fi
exit "$code"
`;

/** A real PostgreSQL server in a container that goes with the test. */
export class PostgresServer {
  readonly name = ownName('pm-postgres');
  readonly database = this.reached();
  /** The same, with a path on which it can be killed at each program that it starts. */
  readonly mortal = this.reached({ wrap: 'export REAL_PATH=$PATH PATH=/faults:$PATH; exec "$@"' });

  /** @param wrap shell in which the tool is started, as `"$@"`. */
  reached({ signal, wrap = 'exec "$@"' }: { signal?: AbortSignal; wrap?: string } = {}): Database {
    const server = { docker: new Docker() };
    return new PostgresDatabase(
      (argv) => runInServer(server, this.name, ['sh', '-c', wrap, 'sh', ...argv], signal),
      place,
    );
  }

  static async start({ wal = 'replica' }: { wal?: 'replica' | 'logical' } = {}): Promise<PostgresServer> {
    const server = new PostgresServer();
    const variables = ['-e', 'POSTGRES_USER=app', '-e', 'POSTGRES_DB=app', '-e', 'POSTGRES_PASSWORD=not-needed'];
    onTestFinished(async () => void (await execa('docker', ['rm', '-fv', server.name], { reject: false })));
    // As Compose would have it.
    const labels = { project: server.name, service: 'db', oneoff: 'False' };
    const named = Object.entries(labels).flatMap(([key, value]) => ['--label', `com.docker.compose.${key}=${value}`]);
    const options = ['--name', server.name, '-v', '/backups', ...named, ...variables];
    await execa('docker', ['run', '-d', ...options, 'postgres:15', 'postgres', '-c', `wal_level=${wal}`]);
    const up = async () => {
      // Over TCP: while it sets itself up, the server listens on the socket alone.
      const ready = ['exec', server.name, 'pg_isready', '-h', '127.0.0.1', '-U', 'app'];
      return (await execa('docker', ready, { reject: false })).exitCode === 0;
    };
    if (!(await until(up, { limitMs: 60_000, everyMs: 200 }))) throw new Error('PostgreSQL does not come up');
    await server.sql(`CREATE TABLE schema_migrations (version text PRIMARY KEY);
      CREATE TABLE notes (id serial PRIMARY KEY, text text NOT NULL);
      INSERT INTO notes (text) SELECT 'before' FROM generate_series(1, 200)`);
    return server;
  }

  async sh(script: string): Promise<string> {
    return (await execa('docker', ['exec', this.name, 'sh', '-c', script])).stdout;
  }

  async sql(statements: string, database = 'app'): Promise<string> {
    const { exitCode, stdout, stderr } = await this.trySql(statements, database);
    if (exitCode !== 0) throw new Error(stderr);
    return stdout;
  }

  private trySql(statements: string, database = 'app') {
    const psql = ['psql', '-XqAt', '-U', 'app', '-v', 'ON_ERROR_STOP=1', '-d', database];
    return execa('docker', ['exec', '-i', this.name, ...psql], { input: statements, reject: false });
  }

  async count(database = 'app'): Promise<number> {
    return Number(await this.sql('SELECT count(*) FROM notes', database));
  }

  /** Makes `mortal` die after the n-th program that it starts. */
  async dieAfter(number: number): Promise<void> {
    const names = ['psql', 'pg_dump', 'pg_restore', 'sync', 'mv', 'sha256sum', 'rm'].join(' ');
    const script = `rm -rf /faults; mkdir /faults; cat >/faults/psql; chmod +x /faults/psql
for name in ${names}; do [ $name = psql ] || cp /faults/psql /faults/$name; done; echo ${number} >/faults/after`;
    await execa('docker', ['exec', '-i', this.name, 'sh', '-c', script], { input: killer });
  }

  /** Whether `mortal` came to the point where it was to die. */
  async died(): Promise<boolean> {
    return (await this.sh('ls /faults')).includes('died');
  }

  /**
   * Waits until what the killed tool had started has ended, and the server is there again: the death of a process that
   * has become its child may be a crash to it.
   */
  async recovered(): Promise<void> {
    await this.sh('flock /backups/.pointsman.lock true');
    const answers = async () => (await this.trySql('SELECT 1')).exitCode === 0;
    if (!(await until(answers, { limitMs: 30_000, everyMs: 100 }))) throw new Error('PostgreSQL does not come back');
  }

  /** Makes each dump of `mortal` die in the middle of its rows, and the tool with it. */
  async cutDumps(): Promise<void> {
    const wrapper = String.raw`#!/bin/bash
case "$*" in *-Fc*) ;; *) PATH=$REAL_PATH exec pg_dump "$@" ;; esac
(ulimit -f 64; PATH=$REAL_PATH exec pg_dump "$@")
kill -9 "$PPID"
`;
    const script = 'rm -rf /faults; mkdir /faults; cat >/faults/pg_dump; chmod +x /faults/pg_dump';
    await execa('docker', ['exec', '-i', this.name, 'sh', '-c', script], { input: wrapper });
  }

  /** Waits until a query of the server's own tables finds something. */
  async until(query: string): Promise<void> {
    const found = async () => (await this.sql(query, 'postgres')) !== '';
    if (!(await until(found, { limitMs: 30_000, everyMs: 50 }))) throw new Error(`nothing came of: ${query}`);
  }

  /** Rows written one by one, each in a transaction of its own; connects again when its connection is cut. */
  write(): { more(rows: number): Promise<void>; stop(): Promise<number> } {
    const script = `touch /tmp/writing; n=0
while [ -f /tmp/writing ]; do
  psql -XqAt -U app -d app -c "INSERT INTO notes (text) VALUES ('written')" 2>/dev/null && { n=$((n + 1)); echo $n; }
done`;
    const child = execa('docker', ['exec', this.name, 'sh', '-c', script], { reject: false });
    const lines = createInterface({ input: child.stdout });
    let acknowledged = 0;
    lines.on('line', () => (acknowledged += 1));
    return {
      more: async (rows) => {
        for (const target = acknowledged + rows; acknowledged < target;) await once(lines, 'line');
      },
      stop: async () => {
        await this.sh('rm -f /tmp/writing');
        await child;
        return acknowledged;
      },
    };
  }
}
