import { expect, test } from 'vitest';
import { withoutSecrets } from '../../src/docker/compose-words.js';
import { CommandError } from '../../src/hosts/command-error.js';
import type { CommandResult, Host } from '../../src/hosts/host.js';

const files: Readonly<Record<string, string>> = {
  '/srv/shop/compose.yml': 'services: { app: { image: "$IMAGES/app" } }',
  '/srv/shop/.env': 'API_TOKEN=canary-4711$I\nBROKEN="canary',
};
const project = { composeFiles: ['/srv/shop/compose.yml'], envFiles: ['/srv/shop/.env'] };

/** What is told of a Compose that ended like this. */
async function told(ended: Partial<CommandResult>): Promise<string> {
  const host: Pick<Host, 'readFile'> = { readFile: (path) => Promise.resolve(files[path] ?? null) };
  const usual = { exitCode: 1, signal: null, timedOut: false, cancelled: false, stdout: '', stderr: '', durationMs: 1 };
  const failure = new CommandError({ command: { argv: ['docker', 'compose', 'config'] }, ...usual, ...ended });
  return (await withoutSecrets(host as Host, failure, project)).message;
}

test('what was printed of the config before it was killed is not told', async () => {
  const stdout = '{ "environment": { "API_TOKEN": "canary-4711';
  expect(await told({ exitCode: null, signal: 'SIGKILL', stdout })).toBe('docker compose config was ended by SIGKILL');
});

test('an env file that is refused is told by its name where it cannot be read any more', async () => {
  const stderr = 'failed to read /srv/shop/app.env: line 2: unterminated quoted value "canary-4711';
  expect(await told({ stderr })).toMatch(
    /^docker compose config failed \(exit code 1\): \/srv\/shop\/app\.env: Compose cannot read it\. [^:]+$/,
  );
});

test.each([
  'unterminated quoted value "canary-4711',
  'services.app: unexpected character "!" in variable name "canary-4711!"',
  'line 1: Invalid template: "canary-4711${"',
])('words of the reader of env files are told in no case: %s', async (stderr) => {
  expect(await told({ stderr })).toMatch(/: An env file of the project: [^:]+$/);
});

test('a variable that is not set is told of where a Compose file names it', async () => {
  const warning = (name: string): string => `level=warning msg="The \\"${name}\\" variable is not set."`;
  expect(await told({ stderr: [warning('I'), warning('IMAGES'), 'no image'].join('\n') })).toBe(
    `docker compose config failed (exit code 1): ${warning('IMAGES')}\nno image`,
  );
});
