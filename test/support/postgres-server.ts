import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import Docker from 'dockerode';
import { execa } from 'execa';
import { onTestFinished } from 'vitest';
import { PostgresDatabase } from '../../src/database/postgres.js';
import { execIn } from '../../src/docker/container.js';
import { until } from '../../src/install/until.js';

const place = { name: 'app', user: 'app', backups: '/backups' };

/** Counts the programs that the tool starts and kills the tool at one of them, before or after its work. */
const killer = String.raw`#!/bin/bash
program=$(basename "$0")
count=$(($(cat /faults/count 2>/dev/null || echo 0) + 1))
echo "$count" >/faults/count
[ "$count" != "$(cat /faults/before 2>/dev/null)" ] || { kill -9 "$PPID"; exit 1; }
"$(PATH=$REAL_PATH command -v "$program")" "$@"
code=$?
[ "$count" != "$(cat /faults/after 2>/dev/null)" ] || kill -9 "$PPID"
exit "$code"
`;

/** A real PostgreSQL server in a container that goes with the test. */
export class PostgresServer {
  readonly name = `pm-postgres-${randomBytes(4).toString('hex')}`;
  readonly database = new PostgresDatabase((argv) => execIn(new Docker(), this.name, argv), place);
  /** The same, with a path on which it can be killed at each program that it starts. */
  readonly mortal = new PostgresDatabase(
    (argv) =>
      execIn(new Docker(), this.name, [
        'sh',
        '-c',
        'export REAL_PATH=$PATH PATH=/faults:$PATH; exec "$@"',
        'sh',
        ...argv,
      ]),
    place,
  );

  static async start(): Promise<PostgresServer> {
    const server = new PostgresServer();
    const variables = ['-e', 'POSTGRES_USER=app', '-e', 'POSTGRES_DB=app', '-e', 'POSTGRES_PASSWORD=not-needed'];
    onTestFinished(async () => void (await execa('docker', ['rm', '-fv', server.name], { reject: false })));
    await execa('docker', ['run', '-d', '--name', server.name, '-v', '/backups', ...variables, 'postgres:15']);
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
    const psql = ['psql', '-XqAt', '-U', 'app', '-v', 'ON_ERROR_STOP=1', '-d', database];
    return (await execa('docker', ['exec', '-i', this.name, ...psql], { input: statements })).stdout;
  }

  async count(database = 'app'): Promise<number> {
    return Number(await this.sql('SELECT count(*) FROM notes', database));
  }

  /** Makes `mortal` die at the n-th program that it starts. */
  async dieAt(number: number, when: 'before' | 'after'): Promise<void> {
    const names = ['psql', 'pg_dump', 'pg_restore', 'sync', 'mv', 'sha256sum', 'rm'].join(' ');
    const script = `rm -rf /faults; mkdir /faults; cat >/faults/psql; chmod +x /faults/psql
for name in ${names}; do [ $name = psql ] || cp /faults/psql /faults/$name; done; echo ${number} >/faults/${when}`;
    await execa('docker', ['exec', '-i', this.name, 'sh', '-c', script], { input: killer });
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
