import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import type { ComposeConfig } from '../../src/docker/compose.js';
import { envLine } from '../../src/docker/env-syntax.js';
import { variablesOf } from '../../src/docker/service-copy.js';
import { randomValues } from '../../test/support/random-values.js';
import type { Flaw } from './target.js';

/** What the real Compose reads from an env file that pointsman wrote; `null` where it is what went in. */
export async function composeFlaw(directory: string, seed: number): Promise<Flaw | null> {
  const values = randomValues(seed, 1000);
  const text = values.map((value, at) => `${envLine(`V${at}`, value)}\n`).join('');
  const environment = Object.fromEntries(values.map((_, at) => [`V${at}`, `\${V${at}-}`]));
  await writeFile(join(directory, 'compose.yml'), JSON.stringify({ services: { app: { image: 'app', environment } } }));
  await writeFile(join(directory, 'app.env'), text);
  const argv = ['compose', '-f', 'compose.yml', '--env-file', 'app.env', 'config', '--format', 'json'];
  const { exitCode, stdout, stderr } = await execa('docker', argv, { cwd: directory, reject: false });
  const target = 'env through Compose';
  if (exitCode !== 0) return { target, input: text, problem: stderr };
  const read = variablesOf((JSON.parse(stdout) as ComposeConfig).services['app'] ?? {});
  const at = values.findIndex((value, index) => read.get(`V${index}`) !== value);
  return at < 0 ? null : { target, input: values[at] ?? '', problem: `read as ${JSON.stringify(read.get(`V${at}`))}` };
}
