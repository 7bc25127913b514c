import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const lines = 1000;
const line = `${'x'.repeat(999)}\n`;
const end = fileURLToPath(new URL('../../src/cli/end.ts', import.meta.url));

/** A command that prints more than a pipe holds, says so, and ends with 4. */
function chatty(): ChildProcess {
  const script = `
    import { endWith, outliveReaders } from ${JSON.stringify(end)};
    outliveReaders();
    for (let at = 0; at < ${lines}; at++) {
      process.stdout.write(${JSON.stringify(line)});
      await new Promise(setImmediate);
    }
    process.stderr.write('printed');
    await endWith(4);
  `;
  return spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script]);
}

test('a reader that takes its time gets all that a command printed before it ended', async () => {
  const child = chatty();
  await once(child.stderr!, 'data');
  expect(await text(child.stdout!)).toBe(line.repeat(lines));
});

test('a reader that leaves in the middle does not change how the command ends', async () => {
  const child = chatty();
  const said = text(child.stderr!);
  child.stdout!.destroy();
  const [code] = (await once(child, 'exit')) as [number | null];
  expect(await said).toBe('printed');
  expect(code).toBe(4);
});
