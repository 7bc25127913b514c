import type { Command } from 'commander';
import type { AdoptOptions } from './commands/adopt.js';
import type { Parts } from './database-commands.js';

/** The command by which a project that runs already comes to pointsman. */
export function addAdopt(program: Command, { run, placed }: Parts): void {
  placed(program, 'adopt')
    .description('take over a project that runs behind a router config of your own: shown first, proven, or put back')
    .option('--path <path>', 'must answer the same before and after, /a or https://name/a; repeatable', collect)
    .option('-r, --release <id>', 'the release that is live, where neither its image nor its answer tells')
    .option('--dry-run', 'only show what would happen: touch nothing')
    .option('--reason <text>', 'why, for the history')
    .option('-y, --yes', 'do not ask')
    .option('--json', 'one JSON object per line, the plan first')
    .action((options: AdoptOptions) =>
      run(async (session) => (await import('./commands/adopt.js')).adoptCommand(session, options)),
    );
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}
