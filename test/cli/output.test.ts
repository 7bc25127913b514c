import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';

const output = fileURLToPath(new URL('../../src/cli/output.ts', import.meta.url));
const program = `
import { terminalOutput } from ${JSON.stringify(output)};
const answer = await terminalOutput().ask('which project? ');
process.stdout.write('answer: ' + JSON.stringify(answer));
process.exit(0);`;
const node = ['--import', 'tsx', '--input-type=module', '-e', program] as const;

/** Types at a terminal of its own once it is asked. */
async function type(keys: string): Promise<string> {
  const quoted = [process.execPath, ...node].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  const child = execa('script', ['-qec', quoted, '/dev/null'], { all: true, reject: false });
  let asked = false;
  child.stdout.on('data', (part: Buffer) => {
    if (asked || !part.includes('which project?')) return;
    asked = true;
    child.stdin.write(keys);
  });
  return (await child).all;
}

describe('a question at a terminal', () => {
  test.each([
    ['what was typed', 'shop\r', 'answer: "shop"'],
    ['nothing after Ctrl-C', '\u0003', 'answer: ""'],
    ['nothing after Ctrl-D', '\u0004', 'answer: ""'],
  ])('is answered with %s', async (_, keys, answer) => {
    expect(await type(keys)).toContain(answer);
  });

  test('is not asked where there is none', async () => {
    const { stdout, stderr } = await execa(process.execPath, node, { input: 'shop\n' });
    expect({ stdout, stderr }).toEqual({ stdout: 'answer: null', stderr: '' });
  });
});
