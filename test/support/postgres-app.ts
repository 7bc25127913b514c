import { randomBytes } from 'node:crypto';
import { execa } from 'execa';
import { cheapHealthCheck } from './cheap-health-check.js';
import { Playground } from './playground.js';

/** An app of one table: it migrates when it starts, and everything it says and is told goes through psql. */
const app = String.raw`
import json, os, subprocess, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

def sql(statements):
    words = ['psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-c', statements]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout

class Notes(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == '/healthz':
            self.answer(500 if os.environ.get('BROKEN') else 200, sql('SELECT 1'))
        else:
            self.answer(200, sql("SELECT coalesce(json_agg(text ORDER BY id), '[]') FROM notes"))

    def do_POST(self):
        text = self.rfile.read(int(self.headers['Content-Length'])).decode()
        sql("INSERT INTO notes (text) VALUES ('%s')" % text.replace("'", "''"))
        self.answer(201, text)

    def answer(self, status, text):
        self.send_response(status)
        self.send_header('X-Release', os.environ['RELEASE'])
        self.send_header('Content-Length', str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass

sql('CREATE TABLE IF NOT EXISTS notes (id serial PRIMARY KEY, text text NOT NULL);'
    'CREATE TABLE IF NOT EXISTS schema_migrations (version text PRIMARY KEY);' + os.environ.get('MIGRATION', ''))
ThreadingHTTPServer(('', 8000), Notes).serve_forever()
`;

const compose = `
x-app: &app
  init: true
  environment: &environment { PGHOST: db, PGUSER: app, PGDATABASE: app, PGPASSWORD: '\${DB_PASSWORD}' }
  healthcheck: ${cheapHealthCheck(`python3 -c "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"`, { retries: 6 })}
services:
  app-blue:
    <<: *app
    profiles: [blue]
    image: \${BLUE_IMAGE:-none}
    environment: { <<: *environment, RELEASE: '\${BLUE_RELEASE:-none}' }
  app-green:
    <<: *app
    profiles: [green]
    image: \${GREEN_IMAGE:-none}
    environment: { <<: *environment, RELEASE: '\${GREEN_RELEASE:-none}' }
  router:
    image: nginx:1.30
    ports: ['\${ROUTER_PORT:-5000}:5000']
    volumes: [router-config:/etc/nginx/conf.d]
    healthcheck: ${cheapHealthCheck('nginx -t')}
  db:
    image: postgres:15
    environment: { POSTGRES_USER: app, POSTGRES_DB: app, POSTGRES_PASSWORD: '\${DB_PASSWORD}' }
    volumes: [db-data:/var/lib/postgresql/data, db-backups:/backups]
    healthcheck: ${cheapHealthCheck('pg_isready -h 127.0.0.1 -U app')}
volumes: { router-config: , db-data: , db-backups: }
`;

/** A release that migrates, loses what was written, and never becomes healthy. */
const broken = `MIGRATION="ALTER TABLE notes ADD author text; INSERT INTO schema_migrations VALUES ('2'); DELETE FROM notes" BROKEN=1`;

/** An app whose database is a PostgreSQL server of the same Compose project. */
export class PostgresApp {
  readonly password = randomBytes(12).toString('hex');
  readonly place: Playground;
  private readonly images: string;

  private constructor(place: Playground) {
    this.place = place;
    this.images = `pointsman-postgres-${place.project}`;
  }

  static async create(): Promise<PostgresApp> {
    const place = await Playground.create();
    const created = new PostgresApp(place);
    await created.build('v1', '');
    await created.build('v2', '');
    await created.build('broken', `ENV ${broken}`);
    await place.edit('compose.yml', () => compose);
    await place.edit('compose.demo.yml', () => 'services: {}\n');
    await place.edit('.env.demo', () => `DB_PASSWORD=${created.password}\n`);
    await place.edit('pointsman.yml', () => created.config());
    return created;
  }

  private config(): string {
    return `project: ${this.place.project}
image: ${this.images}:{release}
health: { timeout: 60s, path: /healthz, releaseHeader: X-Release }
postgres: { service: db, name: app, user: app, backups: /backups, holdWrites: true }
environments:
  demo: { compose: [compose.yml, compose.demo.yml], envFile: .env.demo }
`;
  }

  private async build(tag: string, more: string): Promise<void> {
    // The image that script/setup builds has Python already, the official one has not.
    const install = 'command -v python3 || (apt-get update && apt-get install -y --no-install-recommends python3)';
    const encoded = Buffer.from(app).toString('base64');
    const input = `FROM postgres:15
RUN ${install}
RUN echo ${encoded} | base64 -d >/app.py
LABEL release=${tag}
${more}
ENTRYPOINT []
CMD ["python3", "/app.py"]
`;
    const env = { DOCKER_BUILDKIT: '0' };
    await execa('docker', ['build', '-t', `${this.images}:${tag}`, '-'], { env, input });
  }

  async notes(): Promise<readonly string[]> {
    return (await (await this.ask('/notes')).json()) as string[];
  }

  write(text: string): Promise<Response> {
    return this.ask('/notes', { method: 'POST', body: text });
  }

  private ask(path: string, request: RequestInit = {}): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.place.port}${path}`, request);
  }

  /** Reads and writes for as long as something is done: which answers there were, and which texts were acknowledged. */
  async during<Result>(act: () => Promise<Result>): Promise<{ result: Result; traffic: Traffic }> {
    const reads = new Set<number>();
    const writes = new Set<number>();
    const acknowledged: string[] = [];
    let over = false;
    const loop = async () => {
      for (let number = 0; !over; number += 1) {
        reads.add((await this.ask('/notes')).status);
        const text = `${this.place.project} ${number}`;
        const { status } = await this.write(text);
        writes.add(status);
        if (status === 201) acknowledged.push(text);
      }
    };
    const looping = loop();
    const result = await act();
    over = true;
    await looping;
    return { result, traffic: { reads: [...reads].sort(), writes: [...writes].sort(), acknowledged } };
  }

  async sql(statements: string): Promise<string> {
    const server = (await this.place.container('db'))?.id ?? '';
    const psql = ['psql', '-XqAt', '-U', 'app', '-v', 'ON_ERROR_STOP=1', '-d', 'app'];
    return (await execa('docker', ['exec', '-i', server, ...psql], { input: statements })).stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.place[Symbol.asyncDispose]();
    const tags = ['v1', 'v2', 'broken'].map((tag) => `${this.images}:${tag}`);
    await execa('docker', ['rmi', '-f', ...tags], { reject: false });
  }
}

export interface Traffic {
  /** Statuses that there were. */
  readonly reads: readonly number[];
  readonly writes: readonly number[];
  readonly acknowledged: readonly string[];
}
