import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadProject } from '../../src/config/load.js';
import { mutated } from './mutate.js';
import type { Target } from './target.js';

const config = `project: shop
compose: compose.yml
slots: { blue: app-blue, green: app-green }
image: registry.example.org/shop:{release}
health: { timeout: 120s, path: /healthz, releaseHeader: X-Release }
router: { service: router, port: 5000, upstreamPort: 8000, maxBody: 10m }
database:
  path: /app/data/app.db
  volume: app-data
  keepBackups: 3
  migrate: [python, -m, app.migrate]
  restore: if-migrated
  holdWrites: { timeout: 30s }
replica: { service: litestream, requireEnv: [LITESTREAM_R2_BUCKET] }
drain: { timeout: 30s }
bake: { duration: 2m, failures: 3 }
canary: [10, 50]
logs: { app: 60, router: 10, litestream: 10 }
ship: { env: [A, B] }
environments:
  production: { hosts: [ssh://deploy@shop.example.org], approval: { when: before-switch, timeout: 1h } }
`;

const compose = `x-app: &app
  healthcheck: { test: [CMD, "true"] }
  volumes: [app-data:/app/data]
services:
  app-blue:
    <<: *app
    profiles: [blue]
    image: \${BLUE_IMAGE:-shop:unreleased}
  app-green:
    <<: *app
    profiles: [green]
    image: \${GREEN_IMAGE:-shop:unreleased}
  router:
    image: nginx:1.30
    depends_on: []
    volumes: [router-config:/etc/nginx/conf.d]
  litestream:
    image: litestream/litestream:0.5
    volumes: [{ type: bind, source: ./litestream.yml, target: /etc/litestream.yml, read_only: true }]
volumes: { app-data: {}, router-config: {} }
`;

const pieces = [
  ...['&a ', '*a', '<<: *a', '<<: [*a, *b]', '!!binary ', '!!js/function ', '!reset ', '? ', '- ', '---\n', '...\n'],
  ...['hosts: []', 'environments: {}', '{release}', '12h', '1ms', '100%', 'ssh://', '*app', 'x: y', '[[[[', '{{{{'],
];

/** Stands between the two files of an input. */
const between = '\n# --- compose.yml ---\n';

/** `pointsman.yml` and the Compose file, up to the settings. */
export function configTarget(directory: string): Target {
  const root = join(directory, 'config');
  mkdirSync(root, { recursive: true });
  return {
    name: 'config',
    refuses: ['ConfigError'],
    input: (next) => {
      const which = next(3);
      return [
        which === 1 ? config : mutated(next, config, pieces),
        which === 0 ? compose : mutated(next, compose, pieces),
      ].join(between);
    },
    read: async (input) => {
      const [text = '', composeText = ''] = input.split(between);
      writeFileSync(join(root, 'pointsman.yml'), text);
      writeFileSync(join(root, 'compose.yml'), composeText);
      await loadProject({ directory: root });
    },
  };
}
