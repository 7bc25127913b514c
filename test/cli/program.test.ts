import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { exitCodes } from '../../src/cli/exit-codes.js';
import { createProgram } from '../../src/cli/program.js';

/** What a person sees and gets who types this; nothing is run. */
async function type(...args: string[]): Promise<{ code: number | null; text: string; ran: number }> {
  let text = '';
  let ran = 0;
  const program = createProgram(() => Promise.resolve(void (ran += 1)), '1.2.3');
  const quiet = (command: Command): void => {
    command.configureOutput({ writeOut: (part) => (text += part), writeErr: (part) => (text += part) });
    command.commands.forEach(quiet);
  };
  quiet(program);
  const ended = await program.parseAsync(args, { from: 'user' }).then(
    () => null,
    (error: { code: number }) => error.code,
  );
  return { code: ended, text, ran };
}

describe('a usage error', () => {
  const errors: [args: string[], message: string][] = [
    [['deploy', '--relaese', 'v1'], "error: unknown option '--relaese'\n(Did you mean --release?)\n"],
    [['deplyo'], "error: unknown command 'deplyo'\n(Did you mean deploy?)\n"],
    [['deploy', 'v1'], "error: too many arguments for 'deploy'. Expected 0 arguments but got 1.\n"],
    [['deploy', '--release'], "error: option '-r, --release <id>' argument missing\n"],
    [['deploy', '--queue', '--supersede'], "error: option '--supersede' cannot be used with option '--queue'\n"],
    [['deploy', '--plan', '--detach'], "error: option '--plan' cannot be used with option '--detach'\n"],
    [['maintenance'], "error: missing required argument 'state'\n"],
    [
      ['maintenance', 'maybe'],
      "error: command-argument value 'maybe' is invalid for argument 'state'. Allowed choices are on, off.\n",
    ],
    [['skip'], "error: required option '--reason <text>' not specified\n"],
    [
      ['logs', '--slot', 'purple'],
      "error: option '--slot <slot>' argument 'purple' is invalid. Allowed choices are blue, green.\n",
    ],
    [
      ['init', '--ci', 'jenkins'],
      "error: option '--ci <kind>' argument 'jenkins' is invalid. Allowed choices are gitlab, github.\n",
    ],
    [
      ['logs', '-n', 'many'],
      "error: option '-n, --lines <count>' argument 'many' is invalid. It must be a whole number above 0.\n",
    ],
    [
      ['history', '-n', '0'],
      "error: option '-n, --number <count>' argument '0' is invalid. It must be a whole number above 0.\n",
    ],
    [
      ['up', '--idle-exit', '15m'],
      "error: option '--idle-exit <minutes>' argument '15m' is invalid. It must be a whole number above 0.\n",
    ],
  ];
  for (const [args, message] of errors) {
    test(`pointsman ${args.join(' ')} says what is wrong, runs nothing and ends with 2`, async () => {
      expect(await type(...args)).toEqual({ code: exitCodes.usage, text: message, ran: 0 });
    });
  }
});

describe('help', () => {
  test('ends with 0, runs nothing and lists the exit codes', async () => {
    const { code, text, ran } = await type('--help');
    expect({ code, ran }).toEqual({ code: 0, ran: 0 });
    for (const [name, number] of Object.entries(exitCodes)) expect(text).toContain(`${number}  ${name}`);
  });

  test('of a command ends with 0 too', async () => {
    expect(await type('deploy', '--help')).toMatchObject({ code: 0, ran: 0 });
  });

  test('of a rollback is all that happens, also beside other options', async () => {
    for (const args of [['--help'], ['--yes', '--help'], ['--to', 'v1', '-h']]) {
      const { code, ran, text } = await type('rollback', ...args);
      expect({ code, ran }).toEqual({ code: 0, ran: 0 });
      expect(text).toContain('go back to the release before');
    }
  });

  test('of the version is the version', async () => {
    expect(await type('--version')).toEqual({ code: 0, text: '1.2.3\n', ran: 0 });
  });
});

test('every command runs once with its usual options', async () => {
  const lines = [
    'deploy -r v2 -e production -f shop/pointsman.yml --reason fix --json',
    'deploy --detach',
    'deploy --queue',
    'deploy --supersede --detach',
    'deploy --yes',
    'deploy --plan --json',
    'rollback --to v1 --reason broken --json',
    'rollback --yes',
    'rollback --break-glass --yes',
    'status --json',
    'history -n 5 --json',
    'logs --slot green -n 100',
    'check -r v2 --json',
    'approve -r v2 --reason fine',
    'abort -r v2 --reason slow',
    'maintenance on --reason move --json',
    'maintenance off',
    'recover --database keep --reason terminated --json',
    'retry --reason mended',
    'skip --reason accepted',
    'up --idle-exit 15',
    'down',
    'worker',
    'init',
  ];
  for (const line of lines) expect(await type(...line.split(' ')), line).toEqual({ code: null, text: '', ran: 1 });
});
