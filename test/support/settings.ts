import type { HoldSettings, JudgingSettings, Settings, SqliteSettings } from '../../src/model/settings.js';

/** A complete set of settings, as resolved from a small `pointsman.yml`. */
export const settings: Settings & { readonly database: SqliteSettings | null } = {
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

/** Three bad windows of ten seconds in a row are too many. */
export const judging: JudgingSettings = {
  windowMs: 10_000,
  failures: 3,
  maxErrorPercent: 1,
  maxLatencyFactor: null,
  minRequests: 20,
};

/** Two stages of half a minute. */
export const canary = { stages: [5, 25], pauseMs: 30_000, sticky: 'none' } as const;

export const bake = { durationMs: 60_000 } as const;

export const holdWrites: HoldSettings = {
  methods: ['POST', 'PUT', 'PATCH', 'DELETE'],
  paths: [],
  except: [],
  timeoutMs: 300_000,
  retryAfterSeconds: 10,
};

/** With something of its own for the SQLite database. */
export function withDatabase(change: Partial<SqliteSettings>): Settings {
  return { ...settings, database: settings.database && { ...settings.database, ...change } };
}
