import type { Settings } from '../../src/model/settings.js';

/** A complete set of settings, as resolved from a small `pointsman.yml`. */
export const settings: Settings = {
  project: 'shop',
  environment: 'production',
  directory: '/srv/shop',
  composeFiles: ['compose.yml'],
  envFile: '.env',
  slots: { blue: 'app-blue', green: 'app-green' },
  image: 'registry.example.org/shop:{release}',
  build: false,
  health: { timeoutMs: 120_000, path: '/healthz', releaseHeader: 'X-Release' },
  router: { service: 'router', port: 5000, upstreamPort: 8000, configDirectory: '/etc/nginx/conf.d' },
  database: {
    path: '/app/data/app.db',
    volume: 'app-data',
    keepBackups: 3,
    restore: 'if-migrated',
    migrationTable: null,
  },
  replica: { service: 'litestream', requireEnv: ['LITESTREAM_R2_BUCKET'] },
  drain: { timeoutMs: 30_000 },
  logs: { app: 60, router: 10, litestream: 10 },
  toolImage: 'python:3.11-slim-bookworm',
};
