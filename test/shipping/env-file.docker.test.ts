import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, onTestFinished, test } from 'vitest';
import { variablesOf } from '../../src/docker/service-copy.js';
import { envFile } from '../../src/shipping/env-file.js';

/** What Compose makes of the file: the value that a container would get. */
async function asComposeReadsIt(names: readonly string[], variables: Record<string, string>, base = '') {
  const directory = await mkdtemp(join(tmpdir(), 'pointsman-env-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const environment = Object.fromEntries([...names, 'BASE'].map((name) => [name, `\${${name}:-}`]));
  await writeFile(join(directory, 'compose.yml'), JSON.stringify({ services: { app: { image: 'app', environment } } }));
  const own = { path: '.env', content: Buffer.from(base) };
  await writeFile(join(directory, '.env'), envFile(names, variables, own).content);
  const files = ['-f', 'compose.yml', '--env-file', '.env'];
  const { stdout } = await execa('docker', ['compose', ...files, 'config', '--format', 'json'], { cwd: directory });
  const { services } = JSON.parse(stdout) as { services: { app: { environment: Record<string, string> } } };
  const values = variablesOf(services.app);
  return (name: string) => values.get(name);
}

test.each([
  ['an ordinary word', 'notes'],
  ['a dollar sign', 'p$ss$HOME${PATH}'],
  ['a hash', 'a #b#'],
  ['double quotes', 'say "hi"'],
  ['a single quote', "it's"],
  ['both quotes and a dollar sign', `'a' "b" $HOME`],
  ['backslashes', String.raw`C:\new\table`],
  ['a single quote and backslashes', String.raw`it's C:\new\table`],
  ['a backslash at its end', 'C:\\'],
  ['three backslashes at its end and a quote', String.raw`'a' C:\\\ `.trim()],
  ['blanks at both ends', '  padded  '],
  ['several lines', '-----BEGIN KEY-----\nabc$def\n-----END KEY-----'],
  ['an equals sign', 'a=b=c'],
])('Compose reads a value with %s as it was', async (_, value) => {
  const read = await asComposeReadsIt(['SECRET', 'NEXT'], { SECRET: value, NEXT: "it's next" });
  expect([read('SECRET'), read('NEXT')]).toEqual([value, "it's next"]);
});

test('what the project itself says stays, and a variable of the job comes after it', async () => {
  const read = await asComposeReadsIt(['SECRET'], { SECRET: 'new' }, 'BASE=kept\nSECRET=old');
  expect([read('BASE'), read('SECRET')]).toEqual(['kept', 'new']);
});
