/** What holds where `pointsman.yml` says nothing, in the words of that file. */
export const defaults = {
  slots: { blue: 'app-blue', green: 'app-green' },
  build: false,
  health: { timeout: '120s', path: '/healthz', releaseHeader: null },
  router: { service: 'router', port: 5000, upstreamPort: 8000, configDirectory: '/etc/nginx/conf.d' },
  database: { keepBackups: 3, restore: 'if-migrated', migrationTable: null },
  replica: { service: 'litestream', requireEnv: [] },
  drain: { timeout: '30s' },
  logs: { app: 60, router: 10, litestream: 10 },
  toolImage: 'python:3.11-slim-bookworm',
} as const;

/** The names that Compose itself looks for, in its order; the first that exists. */
export const defaultComposeFiles = ['compose.yaml', 'compose.yml', 'docker-compose.yml'] as const;

/** Used when it exists. */
export const defaultEnvFile = '.env';

/** The environment of a file that names none. */
export const defaultEnvironment = 'production';
