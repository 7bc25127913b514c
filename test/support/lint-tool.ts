import { homedir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

const cache = process.env['POINTSMAN_CACHE'] ?? join(homedir(), '.cache', 'pointsman');

/**
 * Runs one of the programs that `script/setup lint-tools` fetches, and leaves no caches behind.
 *
 * @throws when the program is not there, so that the test fails.
 */
export async function lintTool(
  name: 'check-jsonschema' | 'ruff' | 'pytest',
  args: readonly string[],
  cwd = process.cwd(),
): Promise<{ readonly code: number; readonly out: string }> {
  const env = { PYTHONDONTWRITEBYTECODE: '1', RUFF_NO_CACHE: 'true' };
  const ran = await execa(join(cache, 'python-tools-1', 'bin', name), args, { cwd, env, reject: false, all: true });
  if (ran.exitCode === undefined)
    throw new Error(`${name} did not run; first: script/setup lint-tools`, { cause: ran });
  return { code: ran.exitCode, out: ran.all };
}
