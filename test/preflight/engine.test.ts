import { expect, test } from 'vitest';
import { error } from '../../src/preflight/check.js';
import { checkEngine } from '../../src/preflight/engine.js';
import { fakeHost, type Ending } from './support.js';

const versions: Record<string, Ending> = {
  'docker compose version --short': { stdout: '2.40.3\n' },
  'flock --version': { stdout: 'flock from util-linux 2.40\n' },
  'docker-compose version --short': { exitCode: 127 },
};

/** A clock that is so many seconds ahead. */
const clock = (ahead: number): Ending => ({ stdout: `${Math.round(Date.now() / 1000) + ahead}\n` });

/** What is said of a host with an engine in order, but for what a test changes. */
function found(changed: Record<string, Ending> = {}, engine: () => Promise<object> = answers('20.10.24+dfsg1')) {
  const commands: Record<string, Ending> = { ...versions, 'date +%s': clock(0), ...changed };
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

test('an engine that crashed a moment ago is waited for', async () => {
  const refused = fails('ECONNREFUSED', 'connect ECONNREFUSED /var/run/docker.sock');
  const ways = [refused, fails('ENOENT', 'connect ENOENT /var/run/docker.sock'), refused];
  expect(await found({}, () => (ways.shift() ?? answers('20.10.24+dfsg1'))())).toEqual([]);
  expect(ways).toEqual([]);
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

test('where only docker-compose v1 is there, that is said', async () => {
  const ending = { exitCode: 1, stderr: "docker: 'compose' is not a docker command." };
  const commands = {
    'docker compose version --short': ending,
    'docker-compose version --short': { stdout: '1.29.2\n' },
  };
  expect(await found(commands)).toEqual([
    error('web-1 has only docker-compose v1, which is at its end of life.', compose),
  ]);
});

test('an engine that refuses the user over SSH is told from one that is not there, by the command there', async () => {
  const refused = () => Promise.reject(new Error('ssh://web-1 does not open /var/run/docker.sock: Connect failed.'));
  const version = 'docker version --format {{.Server.Version}}';
  const denied = {
    [version]: { exitCode: 1, stderr: 'permission denied while trying to connect to the Docker daemon' },
  };
  expect((await found(denied, refused))[0]?.message).toBe('No permission to use Docker on web-1.');
  const absent = { [version]: { exitCode: 127, stderr: 'sh: 1: exec: docker: not found' } };
  expect((await found(absent, refused))[0]?.message).toBe('Docker is not installed on web-1.');
});

test.each([
  [400, 'ahead of'],
  [-400, 'behind'],
])('a clock that is %i s off is an error: certificates and signed requests would fail', async (ahead, words) => {
  const [said] = await found({ 'date +%s': clock(ahead) });
  expect(said?.message).toMatch(new RegExp(`^The clock of web-1 is (399|400|401) s ${words} this machine's\\.$`));
});
