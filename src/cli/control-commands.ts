import { Argument, Option, type Command } from 'commander';
import type { MaintenanceOptions } from './commands/maintenance.js';
import type { RecoverOptions } from './commands/recover.js';
import type { RollbackOptions } from './commands/rollback.js';
import type { AbortOptions, AnswerOptions, ApproveOptions } from './commands/run-control.js';
import type { Parts } from './database-commands.js';

/** The commands by which a person decides. */
export function addControlling(program: Command, { run, placed }: Parts): void {
  placed(program, 'rollback')
    .description(
      'go back to the release before, or to a named one, and show first what that means; the database stays as it is',
    )
    .option('--to <release>', 'an earlier release')
    .option('--reason <text>', 'why, for the history')
    .option('--break-glass', 'without Temporal, for when it is down: by this command itself')
    .option('-y, --yes', 'do not ask')
    .option('--json', 'one JSON object per line')
    .action((options: RollbackOptions) =>
      run(async (session) =>
        options.breakGlass
          ? (await import('./commands/break-glass.js')).breakGlassCommand(session, options)
          : (await import('./commands/rollback.js')).rollbackCommand(session, options),
      ),
    );
  addAnswers(program, { run, placed });
  placed(program, 'recover')
    .description('put in order what a run left that was ended from outside, by what the router serves')
    .addOption(
      new Option('--database <what>', 'if it may be migrated: put it back by the rule, or keep it').choices([
        'restore',
        'keep',
      ]),
    )
    .option('--reason <text>', 'why, for the history')
    .option('--json', 'one JSON object per line, what was left first')
    .action((options: RecoverOptions) =>
      run(async (session) => (await import('./commands/recover.js')).recoverCommand(session, options)),
    );
  placed(program, 'maintenance')
    .addArgument(new Argument('<state>', 'whether users get the page').choices(['on', 'off']))
    .description('answer everything with 503 and Retry-After but the health path, or serve the app again')
    .option('--reason <text>', 'why, for the history')
    .option('--json', 'one JSON object per line')
    .action((state: 'on' | 'off', options: MaintenanceOptions) =>
      run(async (session) => (await import('./commands/maintenance.js')).maintenanceCommand(session, state, options)),
    );
}

/** Answers to a run that waits for a person, and the end of one. */
function addAnswers(program: Command, { run, placed }: Parts): void {
  placed(program, 'approve')
    .description('let a deploy go on that waits for approval')
    .option('-r, --release <id>', 'only if this release is what waits: not what somebody else began')
    .option('--reason <text>', 'why, for the history')
    .action((options: ApproveOptions) =>
      run(async (session) => (await import('./commands/run-control.js')).approveCommand(session, options)),
    );
  placed(program, 'abort')
    .description('cancel what runs, or say no to what waits for approval: it is undone to the last safe state')
    .option('-r, --release <id>', 'only if this release is what runs: not what somebody else began')
    .option('--reason <text>', 'why, for the history of a deploy that waits for approval')
    .action((options: AbortOptions) =>
      run(async (session) => (await import('./commands/run-control.js')).abortCommand(session, options)),
    );
  placed(program, 'retry')
    .description('try a compensation again that could not finish')
    .option('--reason <text>', 'what was mended, for the history')
    .action((options: AnswerOptions) =>
      run(async (session) => (await import('./commands/run-control.js')).answerCommand(session, 'retry', options)),
    );
  placed(program, 'skip')
    .description('leave a compensation that could not finish, and undo the rest')
    .requiredOption('--reason <text>', 'why it may be left, for the history')
    .action((options: AnswerOptions) =>
      run(async (session) => (await import('./commands/run-control.js')).answerCommand(session, 'skip', options)),
    );
}
