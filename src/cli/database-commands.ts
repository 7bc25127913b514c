import type { Command } from 'commander';
import type { BackupNowOptions, BackupsOptions, VerifyOptions } from './commands/backups.js';
import type { RestoreOptions } from './commands/restore.js';
import type { ExitCode } from './exit-codes.js';
import type { Session } from './session.js';

/** What `program.ts` makes commands with. */
export interface Parts {
  readonly run: (act: (session: Session) => Promise<ExitCode>) => Promise<void>;
  /** Adds a command about an environment. */
  readonly placed: (parent: Command, name: string) => Command;
}

/** The commands about the database. */
export function addDatabase(program: Command, { run, placed }: Parts): void {
  const backup = program.command('backup').description('make a backup that no deploy removes');
  placed(backup, 'now')
    .description('back the live database up, beside the slot that writes to it')
    .option('--reason <text>', 'why, for the history')
    .option('--json', 'one JSON object per line')
    .action((options: BackupNowOptions) =>
      run(async (session) => (await import('./commands/backups.js')).backupNowCommand(session, options)),
    );
  const backups = placed(program, 'backups')
    .description('the backups and what restores kept aside, newest first')
    .option('--json', 'as one JSON object')
    .action((options: BackupsOptions) =>
      run(async (session) => (await import('./commands/backups.js')).backupsCommand(session, options)),
    );
  placed(backups, 'verify')
    .argument('[backup]', 'its file name (default: all)')
    .description('read every byte: checksum and integrity check; not 0 if one is bad')
    .option('--json', 'one JSON object per line')
    .action((file: string | undefined, _: unknown, command: Command) =>
      run(async (session) => {
        // What was written before "verify" belongs to the command above.
        const options: VerifyOptions = command.optsWithGlobals();
        return (await import('./commands/backups.js')).verifyCommand(session, file, options);
      }),
    );
  placed(program, 'restore')
    .argument('<backup>', 'its file name')
    .description('put the database back to a backup, in place; what is there now is kept aside')
    .option('--reason <text>', 'why, for the history')
    .option('-y, --yes', 'do not ask')
    .option('--json', 'one JSON object per line, the plan first')
    .action((file: string, options: RestoreOptions) =>
      run(async (session) => (await import('./commands/restore.js')).restoreCommand(session, file, options)),
    );
}
