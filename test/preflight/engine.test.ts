import { expect, test } from 'vitest';
import { error } from '../../src/preflight/check.js';
import { checkEngine } from '../../src/preflight/engine.js';
import { fakeHost, type Ending } from './support.js';

const versions: Record<string, Ending> = {
  'docker compose version --short': { stdout: '2.40.3\n' },
  'flock --version': { stdout: 'flock from util-linux 2.40\n' },
};

/** What is said of a host with an engine in order, but for what a test changes. */
function found(changed: Record<string, Ending> = {}, engine: () => Promise<object> = answers('20.10.24+dfsg1')) {
  const commands = { ...versions, ...changed };
  return checkEngine(fakeHost({ docker: { version: engine }, commands: (words) => commands[words] ?? {} }));
}

function answers(Version: string) {
  return () => Promise.resolve({ Version });
}

function fails(code: string, message: string) {
  return () => Promise.reject(Object.assign(new Error(message), { code }));
}

const compose = 'Install the Docker Compose plugin, 2.20.0 or later.';

test.each(['20.10.24+dfsg1', '20.10.0', '29.1.3'])('Docker Engine %s is recent enough', async (version) => {
  expect(await found({}, answers(version))).toEqual([]);
});

test('an older engine is an error', async () => {
  expect(await found({}, answers('19.03.15'))).toEqual([
    error('Docker Engine 19.03.15 on web-1 is too old.', 'Install 20.10.0 or later.'),
  ]);
});

test('an engine that does not run is an error', async () => {
  expect(await found({}, fails('ENOENT', 'connect ENOENT /var/run/docker.sock'))).toEqual([
    error(
      'Docker does not answer on web-1: connect ENOENT /var/run/docker.sock.',
      'Start Docker Engine: systemctl start docker.',
    ),
  ]);
});

test('a socket that the user may not use is another error', async () => {
  expect(await found({}, fails('EACCES', 'connect EACCES /var/run/docker.sock'))).toEqual([
    error('No permission to use Docker on web-1.', 'Add the user to the docker group and log in again.'),
  ]);
});

test.each([
  ['only Compose v1 is there', { exitCode: 1, stderr: "docker: 'compose' is not a docker command." }],
  ['there is no docker command', { exitCode: null, stderr: 'spawn docker ENOENT' }],
])('where %s, Compose is missing', async (_, ending) => {
  expect(await found({ 'docker compose version --short': ending })).toEqual([
    error('"docker compose" does not work on web-1: Compose v2 is missing.', compose),
  ]);
});

test('an older Compose is an error', async () => {
  expect(await found({ 'docker compose version --short': { stdout: 'v2.19.1' } })).toEqual([
    error('Docker Compose 2.19.1 is too old.', compose),
  ]);
});

test('a host without flock is an error', async () => {
  expect(await found({ 'flock --version': { exitCode: null } })).toEqual([
    error('The command flock is missing on web-1.', 'Install util-linux.'),
  ]);
});
