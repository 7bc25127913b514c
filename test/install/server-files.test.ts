import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeEach, describe, expect, test } from 'vitest';
import { environmentText, wrapperText } from '../../src/install/server-files.js';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pointsman-wrapper-'));
  await mkdir(join(directory, 'bin'));
  // In the place of Node: tells what it was given.
  await writeFile(join(directory, 'bin/node'), '#!/bin/sh\nprintf "%s\\n" "$@"; env | sort\n', { mode: 0o755 });
  return () => rm(directory, { recursive: true });
});

/** Runs the wrapper with its paths below a directory of the test. */
async function run(settings: string | null, env: Record<string, string> = {}, ...args: string[]): Promise<string[]> {
  const file = join(directory, 'environment');
  if (settings !== null) await writeFile(file, settings);
  const script = wrapperText()
    .replaceAll('/etc/pointsman/environment', file)
    .replaceAll('/opt/pointsman/current', directory);
  const path = join(directory, 'pointsman');
  await writeFile(path, script, { mode: 0o755 });
  const { stdout } = await execa(path, args, { env: { PATH: '/usr/bin:/bin', ...env }, extendEnv: false });
  return stdout.split('\n');
}

describe('the command on the server', () => {
  test('runs the current pointsman with the settings of the server', async () => {
    const lines = await run(environmentText(), {}, 'deploy', '--reason', 'two words');
    expect(lines.slice(0, 4)).toEqual([`${directory}/dist/cli/main.js`, 'deploy', '--reason', 'two words']);
    expect(lines).toContain('POINTSMAN_HOME=/var/lib/pointsman');
    expect(lines).toContain('TEMPORAL_ADDRESS=127.0.0.1:7237');
  });

  test('lets a variable win that is set already', async () => {
    expect(await run(environmentText(), { TEMPORAL_ADDRESS: 'other:7233' })).toContain('TEMPORAL_ADDRESS=other:7233');
  });

  test('reads the settings as data: nothing in them is run', async () => {
    const lines = await run('# comment\nA=$(echo hacked) `id`\n1B=x\nC D=x\n$(touch x)=y\nE=a=b\n\nF= spaced \n');
    expect(lines).toEqual(expect.arrayContaining(['A=$(echo hacked) `id`', 'E=a=b']));
    expect(lines.join('\n')).not.toMatch(/^1B|^C D|touch/m);
  });

  test('runs also for those who may not read the settings', async () => {
    expect((await run(null, {}, '--version'))[1]).toBe('--version');
  });
});
