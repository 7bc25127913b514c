/** What breaks the atomicity of a batch of migrations, one rule each. */
export interface MigrationRule {
  /** `error`: the batch is committed in the middle, or fails. `warning`: it only does not do what it looks like. */
  readonly severity: 'error' | 'warning';
  /** What it does, as the end of a sentence that begins with the statement. */
  readonly why: string;
  /** What to do instead. */
  readonly fix: string;
}

const rules = {
  begin: {
    severity: 'error',
    why: 'begins a transaction of its own: inside of one it fails, and outside the batch is no longer one',
    fix: "Remove it with its COMMIT: the runner's transaction holds the whole batch.",
  },
  commit: {
    severity: 'error',
    why: 'commits: what came before can no longer be rolled back when a later migration fails',
    fix: 'Remove it: the runner commits once, after the last migration.',
  },
  rollback: {
    severity: 'error',
    why: 'ends the transaction: what comes after it is committed statement by statement',
    fix: 'Raise an error instead: the runner rolls the whole batch back.',
  },
  savepoint: {
    severity: 'error',
    why: 'ends a savepoint that this file has not set: it is that of the runner, or there is none',
    fix: 'Set the savepoint in the same file, or remove this.',
  },
  executescript: {
    severity: 'error',
    why: 'commits first, and then runs each statement in a transaction of its own',
    fix: 'Call execute() once for each statement.',
  },
  'with-connection': {
    severity: 'error',
    why: 'commits at the end of its block, and rolls back when the block fails',
    fix: 'Call execute() without the block: the runner commits once, after the last migration.',
  },
  'isolation-level': {
    severity: 'error',
    why: 'commits what is open, and leaves each later statement a transaction of its own',
    fix: 'Set it where the connection is made, in the runner, before its BEGIN.',
  },
  autocommit: {
    severity: 'error',
    why: 'commits what is open, and leaves each later statement a transaction of its own',
    fix: "Remove it: let the migration run in the batch's transaction.",
  },
  'no-transaction': {
    severity: 'error',
    why: 'tells the runner to use no transaction: a failure in the middle leaves what came before',
    fix: 'Remove it, and move what cannot run in a transaction out of the migrations.',
  },
  vacuum: {
    severity: 'error',
    why: 'fails inside of a transaction, so it can only run where the batch is committed before it',
    fix: 'Run it apart from the migrations, as a job of its own.',
  },
  synchronous: {
    severity: 'error',
    why: 'fails inside of a transaction',
    fix: 'Set it where the connection is made, before the runner begins.',
  },
  checkpoint: {
    severity: 'error',
    why: 'fails inside of a transaction that has written: the database is locked',
    fix: 'Remove it: SQLite and Litestream checkpoint by themselves.',
  },
  'journal-mode': {
    severity: 'warning',
    why: 'changes nothing inside of a transaction, and does not say so',
    fix: 'Set it where the connection is made, before the runner begins.',
  },
  'foreign-keys': {
    severity: 'warning',
    why: 'changes nothing inside of a transaction, and does not say so',
    fix: 'Use PRAGMA defer_foreign_keys = ON, or set it in the runner before it begins and run foreign_key_check before it commits.',
  },
  attach: {
    severity: 'warning',
    why: 'reaches another file: no backup holds it, and in WAL mode a crash can commit to one of the two alone',
    fix: 'Keep what the app migrates in one database file.',
  },
  unreadable: {
    severity: 'warning',
    why: 'cannot be read by the parser: it was judged by its first words only',
    fix: 'Look whether it is what you meant.',
  },
} as const satisfies Readonly<Record<string, MigrationRule>>;

/** How a rule is called in `database.migrations.allow` and in comments. */
export type MigrationRuleName = keyof typeof rules;

export const migrationRules: Readonly<Record<MigrationRuleName, MigrationRule>> = rules;

/** In the order in which the documentation lists them. */
export const migrationRuleNames = Object.keys(rules) as readonly MigrationRuleName[];
