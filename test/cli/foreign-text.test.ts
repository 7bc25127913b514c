import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { appLines } from '../../src/cli/colours.js';
import { failureText, headline, logText, stepLine } from '../../src/cli/render.js';
import { occupantText } from '../../src/cli/start.js';
import { jsonLine, terminalText } from '../../src/cli/terminal-text.js';
import { attacks } from '../support/attacks.js';
import { randomStrings, readBack, whatActs } from '../support/harmless.js';
import { progressOf, stepOf } from './progress.js';

const strings = randomStrings(6000);

describe('what others wrote', () => {
  test.each(attacks)('that %s is shown, and does nothing', (_, text) => {
    const shown = terminalText(text);
    expect(whatActs(shown)).toEqual([]);
    expect(shown).toContain('words');
  });

  test.each(attacks)('that %s does nothing in a log, a step, a failure and a headline', (_, text) => {
    const failed = stepOf('composeUpWait', { state: 'failed', note: text, lines: [text] });
    const progress = progressOf({ release: text, requestedBy: text, steps: [failed], warnings: [text] });
    const details = { progress, failedStep: 'composeUpWait', cancelled: false, undone: [text], skipped: [text] };
    const logs = [{ title: text, lines: [text, text] }];
    for (const shown of [
      logText(logs),
      stepLine(failed, 0),
      failureText(text, { ...details, logs }),
      headline(progress),
    ]) {
      expect(whatActs(terminalText(shown))).toEqual([]);
      expect(shown).toContain('words');
    }
  });

  test.each(attacks)('that %s does nothing in --json, and is the same text for a program', (_, text) => {
    const line = jsonLine({ event: 'step', note: text, [text]: [text] });
    expect(whatActs(line)).toEqual([]);
    expect(line).not.toContain('\n');
    expect(terminalText(line)).toBe(line);
    expect(JSON.parse(line)).toEqual({ event: 'step', note: text, [text]: [text] });
  });

  test('does nothing whatever it is, and can be read back', () => {
    const wrong = strings.filter((text) => {
      const shown = terminalText(text);
      // Backslashes that are there already may look like what is written out.
      const same = text.includes('\\') || readBack(shown) === text.replaceAll('\r\n', '\n');
      return !same || whatActs(shown).length > 0;
    });
    expect(wrong).toEqual([]);
  });

  test('is the same value in --json, whatever it is', () => {
    const wrong = strings.filter((text) => {
      const line = jsonLine({ text });
      const same = terminalText(line) === line && (JSON.parse(line) as { text: string }).text === text;
      return !same || whatActs(line).length > 0;
    });
    expect(wrong).toEqual([]);
  });

  test('and is harmless is shown as it is, in any script and with any emoji', () => {
    for (const text of ['größer als v1.2 – ☂️ 👩‍🚀', 'نمی‌خواهم', '日本語\tのログ', 'a::b ::1', '# [x] #1']) {
      expect(terminalText(text)).toBe(text);
    }
  });
});

describe('a line of a log', () => {
  test('that paints over itself is two lines, each set off from what pointsman says', () => {
    const lines = ['starting\r✔ live: green (v9)', '', '10 %\r20 %\r', 'as on Windows\r'];
    expect(
      logText([{ title: 'app', lines }])
        .split('\n')
        .slice(1),
    ).toEqual(['   starting', '   ✔ live: green (v9)', '   ', '   10 %', '   20 %', '   as on Windows']);
  });

  test('loses its colours where there is no terminal', () => {
    expect(appLines(['\x1b[01;31mERROR\x1b[0m \x1b[38;5;9mno\x1b[m table'], { keepColours: false })).toEqual([
      'ERROR no table',
    ]);
  });

  test('keeps them at a terminal, and ends them itself', () => {
    const [line = ''] = appLines(['\x1b[01;31mERROR\x1b[39m no table'], { keepColours: true });
    expect(terminalText(line)).toBe('\x1b[1m\x1b[31mERROR\x1b[39m no table\x1b[0m');
  });

  test.each(['\x1b[8m', '\x1b[30m', '\x1b[40m', '\x1b[7m', '\x1b[31;48;5;1m'])(
    'is not hidden by its colours: %j is left out',
    (hiding) => {
      const [line = ''] = appLines([`${hiding}ERROR`], { keepColours: true });
      expect(terminalText(line)).toBe('ERROR\x1b[0m');
    },
  );

  test('with colours does nothing else, whatever it is', () => {
    const lines = appLines(strings, { keepColours: true }).map(terminalText);
    expect(lines.flatMap(whatActs)).toEqual([]);
  });
});

test('a colour in a name or a reason is written out: only those of pointsman act', () => {
  expect(terminalText('by \x1b[32meve\x1b[39m')).toBe('by \\x1b[32meve\\x1b[39m');
});

test('what a command printed last is set off, so that none of its lines passes for one of pointsman', () => {
  const failed = stepOf('composeUpWait', { state: 'failed', note: 'docker compose failed: exit\n✔ live: green (v9)' });
  const progress = progressOf({ steps: [failed] });
  const details = { progress, failedStep: 'composeUpWait', cancelled: false, undone: [], skipped: [], logs: [] };
  expect(failureText('', details).split('\n').slice(0, 2)).toEqual([
    'deploy failed at composeUpWait: docker compose failed: exit',
    '  ✔ live: green (v9)',
  ]);
});

test('a release of an old record and who deployed it stand on one line', () => {
  const memo = { kind: 'deploy', release: 'v1\n✔ live: green', requestedBy: 'eve\r\nroot' };
  expect(occupantText({ memo } as Parameters<typeof occupantText>[0])).toBe(
    'deploy v1\\x0a✔ live: green by eve\\x0aroot',
  );
});

/** Prints through the real output, in a process of its own: what it writes depends on what it writes to. */
function printing(text: string): string {
  const source = (name: string): string => fileURLToPath(new URL(`../../src/cli/${name}.ts`, import.meta.url));
  return `
import { pc, appLines } from ${JSON.stringify(source('colours'))};
import { terminalOutput } from ${JSON.stringify(source('output'))};
const output = terminalOutput();
const text = ${JSON.stringify(text)};
output.print(pc.green('ours ' + pc.bold('bold') + ' and ' + pc.green('again') + ' end'));
output.print(appLines(['\\x1b[31mred ' + text])[0]);
output.note(text);
output.redraw(pc.cyan('now ') + text);
await output.ask(text);
process.exit(0);`;
}

const everything = attacks.map(([, text]) => text).join('\n');
const node = ['--import', 'tsx', '--input-type=module', '-e'] as const;

describe('the output of a command', () => {
  test('in a CI that wants colours has those of pointsman and no others', async () => {
    const env = { CI: 'true', GITHUB_ACTIONS: 'true', NO_COLOR: undefined };
    const { stdout, stderr } = await execa(process.execPath, [...node, printing(everything)], { env, input: '' });
    expect(whatActs(`${stdout}\n${stderr}`)).toEqual([]);
    expect(stdout.split('\n')[0]).toBe('\x1b[32mours \x1b[1mbold\x1b[22m and \x1b[32magain\x1b[32m end\x1b[39m');
    expect(stdout).not.toContain('\x1b[31m');
    expect(stripVTControlCharacters(stdout)).toContain('red ');
  });

  test('in a file has no colours at all', async () => {
    const { stdout, stderr } = await execa(process.execPath, [...node, printing(everything)], { input: '' });
    expect(`${stdout}\n${stderr}`).not.toContain('\x1b');
    expect(whatActs(`${stdout}\n${stderr}`)).toEqual([]);
  });

  test('at a terminal has colours, redraws its own lines, and nothing else acts', async () => {
    const program = printing('words\x1b]52;c;cm0=\x07 \x1b[2J\x9b3J \x1b[8mx');
    const quoted = [process.execPath, ...node, program].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
    const env = { NO_COLOR: undefined, CI: undefined, TERM: 'xterm-256color' };
    const { stdout } = await execa('script', ['-qec', `stty rows 40 cols 200; ${quoted}`, '/dev/null'], {
      env,
      input: '\r',
    });
    expect(stdout).toContain('\x1b[32mours ');
    expect(stdout).toContain('\x1b[31mred words\\x1b]52;c;cm0=\\x07 \\x1b[2J\\x9b3J x\x1b[0m');
    expect(stdout).toContain('\x1b[36mnow \x1b[39mwords\\x1b]52');
    expect(stdout).not.toMatch(/\x1b\]|\x1b\[2J|\x9b|\x1b\[8m|\x07/);
  });
});

describe('the command line', () => {
  const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

  test('answers a wrong argument without repeating what it would do to the terminal', async () => {
    const args = ['--import', 'tsx', main, 'deploy', '\x1b]0;owned\x07\n::error::words', '--what\x1b[2J'];
    const { stdout, stderr, exitCode } = await execa(process.execPath, args, { reject: false, input: '' });
    expect(whatActs(`${stdout}\n${stderr}`)).toEqual([]);
    expect(stderr).toContain('\\x1b');
    expect(exitCode).toBe(2);
  });
});
