import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { beforeAll, describe, expect, test } from 'vitest';
import { exitCodes } from '../../src/cli/exit-codes.js';
import { createProgram } from '../../src/cli/program.js';

let documentation: string;

beforeAll(async () => {
  documentation = await readFile(new URL('../../docs/cli.md', import.meta.url), 'utf8');
});

/** Cells of a section's table, its two header rows left out. */
function tableUnder(heading: string): string[][] {
  const section = documentation.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) =>
    row
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

test('the table of exit codes is the one of the source', () => {
  const listed = tableUnder('Exit codes').map(([code, name]) => [name?.replaceAll('`', ''), Number(code)]);
  expect(listed).toEqual(Object.entries(exitCodes));
});

describe('the commands of host', () => {
  const host = createProgram(() => Promise.resolve(), '0').commands.find((command) => command.name() === 'host');
  const sections = (): string[] => documentation.split(/^##+ /m).filter((text) => /^`pointsman host \w/.test(text));

  test('are all listed, and no other', () => {
    const listed = sections().map((text) => text.split(/[ `]+/)[3]);
    expect(listed).toEqual(host?.commands.map((command) => command.name()));
  });

  test.each(host?.commands.map((command): [string, Command] => [command.name(), command]) ?? [])(
    '%s is described with all of its options and an example',
    (name, command) => {
      const section = sections().find((text) => text.startsWith(`\`pointsman host ${name}`)) ?? '';
      const listed = [...section.matchAll(/^- `(?:-\w, )?(--[a-z-]+)/gm)].map(([, option]) => option);
      expect(listed).toEqual(command.options.flatMap(({ long }) => (long ? [long] : [])));
      expect(section).toMatch(new RegExp(`\`\`\`sh\\npointsman host ${name}\\b`));
    },
  );
});

describe('the commands', () => {
  const program = createProgram(() => Promise.resolve(), '0');

  test('are all listed, and no other', () => {
    const listed = documentation.match(/^### `pointsman (\S+?)[`\s]/gm)?.map((line) => line.split(/[ `]+/)[2]);
    expect(listed?.toSorted()).toEqual(program.commands.map((command) => command.name()).toSorted());
  });

  const common = ['--environment', '--file', '--via'];
  test.each(program.commands.map((command): [string, Command] => [command.name(), command]))(
    '%s is described with all of its options',
    (name, command) => {
      const section = documentation.split(/^##+ /m).find((text) => text.startsWith(`\`pointsman ${name}`)) ?? '';
      const own = command.options.flatMap(({ long }) => (long && !common.includes(long) ? [long] : []));
      const listed = [...section.matchAll(/^- `(?:-\w, )?(--[a-z-]+)/gm)].map(([, option]) => option);
      expect(listed).toEqual(own);
    },
  );

  test.each(program.commands.map((command) => command.name()))('%s has an example', (name) => {
    const section = documentation.split(/^##+ /m).find((text) => text.startsWith(`\`pointsman ${name}`)) ?? '';
    expect(section).toMatch(new RegExp(`\`\`\`sh\\n.*pointsman ${name}\\b`));
  });
});
