import type { Slot } from './slot.js';

/** When the database goes back to the backup after a failed deploy. */
export type RestoreRule = 'if-migrated' | 'always' | 'never';

/**
 * `pointsman.yml`, resolved for one environment: every default filled in, every duration in milliseconds.
 *
 * This is what a workflow is started with, so it is kept in Temporal's history: it holds names of
 * variables and files, never their values.
 */
export interface Settings {
  /** Name of the Compose project. */
  readonly project: string;
  readonly environment: string;
  /**
   * The host that the app runs on, as the worker reaches it: `ssh://user@host`. Absent or `null`: the worker's own
   * machine. Keys are the worker's; none is in here.
   */
  readonly host?: string | null;
  /**
   * Directory on the host that holds the Compose files. A path that is not absolute is one of a project that was
   * shipped, below the directory of this environment in pointsman's state there.
   */
  readonly directory: string;
  /** Compose files, relative to `directory`, in the order in which Compose merges them. */
  readonly composeFiles: readonly string[];
  /** File with the app's variables, relative to `directory`; `null` when there is none. */
  readonly envFile: string | null;
  /** Compose service of each slot. */
  readonly slots: Readonly<Record<Slot, string>>;
  /** Image reference in which `{release}` stands for the release. */
  readonly image: string;
  /** Build the slot's image on the host with `docker compose build` when it is not there. */
  readonly build: boolean;
  readonly health: HealthSettings;
  /** The router that tells what is live. */
  readonly router: RouterSettings;
  /** More routers in front of the same slots, which serve what `router` serves; absent: there are none. */
  readonly otherRouters?: readonly RouterSettings[];
  /** `null`: the app has no database that pointsman looks after, and the database steps are not there. */
  readonly database: DatabaseSettings | null;
  readonly replica: ReplicaSettings | null;
  readonly drain: { readonly timeoutMs: number };
  readonly logs: LogLines;
  /** Image with Python 3 in which the database tool runs, so that the host needs no sqlite3. */
  readonly toolImage: string;
  /** Absent: all users get the new release at once. */
  readonly canary?: CanarySettings;
  /** Absent: the old slot is stopped as soon as it is drained. */
  readonly bake?: BakeSettings;
  /** How a release is judged under users' requests; present where there is a canary or a bake. */
  readonly judging?: JudgingSettings;
  /** Absent: nobody is asked. */
  readonly approval?: ApprovalSettings;
}

/** The new release gets a share of the requests first. */
export interface CanarySettings {
  /** Percent of the requests, ascending, each from 1 to 99; never empty. */
  readonly stages: readonly number[];
  /** How long each stage lasts. */
  readonly pauseMs: number;
  /** What keeps a user on one release: nothing, a cookie of the router's, or the client's address. */
  readonly sticky: 'none' | 'cookie' | 'address';
}

/** The old slot stays warm for this long after the switch, and the release is judged. */
export interface BakeSettings {
  readonly durationMs: number;
}

/** When a window of time counts as bad, and how many of them in a row are too many. */
export interface JudgingSettings {
  readonly windowMs: number;
  /** Bad windows in a row that end it. */
  readonly failures: number;
  /** Bad when more percent of the answers than this were 5xx, and more than the old release's. */
  readonly maxErrorPercent: number;
  /** Bad when the 95th percentile of the latency is more than this many times the old release's; `null`: not judged. */
  readonly maxLatencyFactor: number | null;
  /** A window with fewer requests is judged by health alone. */
  readonly minRequests: number;
}

export interface ApprovalSettings {
  /** `after-canary` needs a canary. */
  readonly when: 'before-switch' | 'after-canary';
  readonly timeoutMs: number;
  /** The answer where nobody gives one in time. */
  readonly otherwise: 'abort' | 'approve';
}

export interface HealthSettings {
  /** How long the new slot may take to become healthy. */
  readonly timeoutMs: number;
  /** Path that the slot is probed on, directly and through the router. */
  readonly path: string;
  /** Response header in which the app reports its release; `null` when it reports none. */
  readonly releaseHeader: string | null;
}

export interface RouterSettings {
  readonly service: string;
  /** Port on which the router listens inside its container. */
  readonly port: number;
  /** Port on which the slots listen inside theirs. */
  readonly upstreamPort: number;
  /** Directory in the router's container that nginx includes `*.conf` from; a mount, so that it survives. */
  readonly configDirectory: string;
  /** Largest body of a request, in nginx's words; absent: `100m`. */
  readonly maxBody?: string;
  /** Longest pause of the app between two reads of its answer; absent: 300 s. */
  readonly readTimeoutMs?: number;
  /** Longest pause between two writes of a request to the app; absent: nginx's 60 s. */
  readonly sendTimeoutMs?: number;
  /** How long an idle connection to the app is kept: less than the app itself keeps it; absent: nginx's 60 s. */
  readonly upstreamIdleMs?: number;
  /** Directory in the router's container with the user's own `http/*.conf`, `server/*.conf` and `location/*.conf`; absent: none. */
  readonly snippets?: string;
}

export type DatabaseSettings = SqliteSettings | PostgresSettings;

export interface SqliteSettings {
  /** Absent in settings from before there was another. */
  readonly kind?: 'sqlite';
  /** Absolute path of the SQLite file inside the slots' containers. */
  readonly path: string;
  /** Compose volume that holds it. */
  readonly volume: string;
  readonly keepBackups: number;
  readonly restore: RestoreRule;
  /** Table in which the app's migration runner keeps what it has applied; `null` when there is none. */
  readonly migrationTable: string | null;
  /** Directory of the backups as the slots see it, inside of the same volume; absent: beside the database. */
  readonly backups?: string;
  /** Absent: migrations are not rehearsed. */
  readonly migrate?: MigrateSettings;
  /** Absent: no migration file is looked at. */
  readonly migrations?: MigrationFiles;
  /** Absent: the router lets writes through while the release is started. */
  readonly holdWrites?: HoldSettings;
}

/** A PostgreSQL server that is a service of the Compose project. */
export interface PostgresSettings {
  readonly kind: 'postgres';
  /** Compose service of the server; it has no profile. */
  readonly service: string;
  /** The database on it. */
  readonly name: string;
  /** The role that dumps and restores it, over the server's local socket. */
  readonly user: string;
  /** Directory of the backups inside the server's container, on a mount of it. */
  readonly backups: string;
  readonly keepBackups: number;
  /** A failed deploy never puts it back by itself: that would replace everything that was written since. */
  readonly restore: 'never';
  /** Absent: the router lets writes through while the release is started. */
  readonly holdWrites?: HoldSettings;
}

/** How migrations are run on a copy first. */
export interface MigrateSettings {
  /** Run in the release's image, with the copy at the database's own path. */
  readonly command: readonly string[];
  readonly timeoutMs: number;
  /** Whether it gets the project's network; without, it has none at all. */
  readonly network: boolean;
}

/** Migration files that preflight reads. */
export interface MigrationFiles {
  /** Patterns relative to the project's directory, `app/migrations/*.py`; `**` stands for any directories. */
  readonly files: readonly string[];
  /** Names of the rules of docs/migrations.md that are not applied. */
  readonly allow: readonly string[];
}

/** Which requests the router answers with 503 from before the backup until the switch or the restore. */
export interface HoldSettings {
  /** Methods that write, in upper case. */
  readonly methods: readonly string[];
  /** Beginnings of paths that write whatever the method. */
  readonly paths: readonly string[];
  /** Beginnings of paths that are never held. */
  readonly except: readonly string[];
  /** After this the deploy is undone. After twice as long, and `drain.timeoutMs`, the router itself lets writes through again, whatever died. */
  readonly timeoutMs: number;
  readonly retryAfterSeconds: number;
}

export interface ReplicaSettings {
  readonly service: string;
  /** Variables that must have a value before a deploy may start. */
  readonly requireEnv: readonly string[];
  /** When a drill is run by itself, as a cron expression in UTC; absent: only when asked for. */
  readonly drillSchedule?: string;
}

/** How many of the last lines of each log a failure shows. */
export interface LogLines {
  readonly app: number;
  readonly router: number;
  readonly litestream: number;
}

/** Its settings where the database is SQLite: what only SQLite has is not there for another. */
export function sqliteSettings({ database }: Pick<Settings, 'database'>): SqliteSettings | null {
  return database?.kind === 'postgres' ? null : database;
}

/** Where the files of a release lie that was sent to the host; nothing where the project has a directory of its own there. */
export function shippedDirectory({ directory }: Pick<Settings, 'directory'>): { readonly directory?: string } {
  return directory.startsWith('releases/') ? { directory } : {};
}
