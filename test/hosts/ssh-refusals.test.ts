import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { SshEnvironment } from '../../src/hosts/ssh/environment.js';
import { SshError } from '../../src/hosts/ssh/error.js';
import { SshHost } from '../../src/hosts/ssh/ssh-host.js';
import { checkEngine } from '../../src/preflight/engine.js';
import { freePort } from '../support/free-port.js';
import { SshServer, makeKey } from '../support/ssh-server.js';

let server: SshServer;
let directory: string;

beforeAll(async () => {
  server = await SshServer.start();
  directory = await mkdtemp(join(tmpdir(), 'pointsman-refusals-'));
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

/** What a person is told who cannot connect. */
async function refusal(changes: Partial<SshEnvironment> = {}, url = server.url): Promise<SshError> {
  try {
    (await SshHost.open(url, await server.environment(changes))).close();
  } catch (error) {
    if (error instanceof SshError) return error;
    throw error;
  }
  throw new Error('the connection was expected to be refused');
}

async function connects(changes: Partial<SshEnvironment> = {}, url = server.url): Promise<void> {
  const host = await SshHost.open(url, await server.environment(changes));
  const { stdout } = await host.run({ argv: ['echo', 'here'] });
  host.close();
  expect(stdout).toBe('here\n');
}

let keys = 0;
async function newKey(passphrase = ''): Promise<string> {
  const path = join(directory, `key-${++keys}`);
  await makeKey(path, passphrase);
  return path;
}

describe('a key', () => {
  test('that the host does not know is named by its fingerprint, with what to do', async () => {
    const path = await newKey();
    const { stdout } = await execa('ssh-keygen', ['-lf', path]);
    const { problem, message } = await refusal({ key: await readFile(path, 'utf8') });
    expect(problem).toBe('refused');
    expect(message).toContain(`POINTSMAN_SSH_KEY (${stdout.split(' ')[1]})`);
    expect(message).toMatch(/Add the public key to ~\w+\/\.ssh\/authorized_keys there/);
  });

  test('may be given as the path of a file, as GitLab does', () => connects({ key: server.keyFile }));

  test('may have lost its last line break, and gained carriage returns, on its way through CI', async () => {
    await connects({ key: (await server.key()).trim().replaceAll('\n', '\r\n') });
  });

  test('that is locked needs its passphrase', async () => {
    const { problem, message } = await refusal({ key: await newKey('open sesame') });
    expect(problem).toBe('usage');
    expect(message).toBe(
      'POINTSMAN_SSH_KEY cannot be used: it is locked; set POINTSMAN_SSH_KEY_PASSPHRASE, or load it into an agent.',
    );
  });

  test('that is locked is not opened by another passphrase', async () => {
    const { message } = await refusal({ key: await newKey('open sesame'), passphrase: 'open barley' });
    expect(message).toContain('POINTSMAN_SSH_KEY_PASSPHRASE does not open it');
    expect(message).not.toContain('barley');
  });

  test('that is locked is opened by its passphrase', async () => {
    const path = join(server.directory, 'locked');
    await execa('cp', [server.keyFile, path]);
    await execa('ssh-keygen', ['-p', '-P', '', '-N', 'open sesame', '-f', path]);
    await connects({ key: path, passphrase: 'open sesame' });
  });

  test('that is the public one is told from the private one', async () => {
    const { message } = await refusal({ key: `${await newKey()}.pub` });
    expect(message).toContain('it is a public key, not the private one');
  });

  test('that is neither a key nor a file is said so, without being repeated', async () => {
    const { message } = await refusal({ key: 'hunter2' });
    expect(message).toMatch(/^POINTSMAN_SSH_KEY is neither a private key .* nor the path of a file that exists\.$/);
    expect(message).not.toContain('hunter2');
  });

  test('is missing altogether where there is none anywhere', async () => {
    const { message } = await refusal({ key: null });
    expect(message).toContain('There is no key to log in');
    expect(message).toContain('Set POINTSMAN_SSH_KEY, start an agent, or name an IdentityFile');
  });

  test('is taken from ~/.ssh, and from an agent', async () => {
    const home = join(directory, 'home');
    await mkdir(join(home, '.ssh'), { recursive: true });
    await execa('cp', [server.keyFile, join(home, '.ssh/id_ed25519')]);
    await connects({ key: null, home });
    const agentSocket = join(directory, 'agent');
    const agent = execa('ssh-agent', ['-D', '-a', agentSocket], { reject: false });
    onTestFinished(async () => {
      agent.kill();
      await agent;
    });
    while ((await execa('ssh-add', [server.keyFile], { env: { SSH_AUTH_SOCK: agentSocket }, reject: false })).exitCode);
    await connects({ key: null, agentSocket });
  });
});

describe('a host key', () => {
  test('that is not known is shown with its fingerprint and the line to add', async () => {
    const { problem, message } = await refusal({ knownHosts: 'other.example.org ssh-ed25519 AAAA' });
    expect(problem).toBe('host-key');
    const { stdout } = await execa('ssh-keygen', ['-lf', join(server.directory, 'host_key.pub')]);
    expect(message).toContain(`It shows ssh-ed25519 ${stdout.split(' ')[1]}.`);
    expect(message).toContain((await server.knownHosts()).trim());
  });

  test('is accepted once that very line was added', async () => {
    const { message } = await refusal({ knownHosts: 'other.example.org ssh-ed25519 AAAA' });
    await connects({ knownHosts: message.split('\n').at(-1) ?? '' });
  });

  test('that has changed is refused as such, loudly', async () => {
    const [type, key] = (await readFile(`${await newKey()}.pub`, 'utf8')).split(' ');
    const knownHosts = `[127.0.0.1]:${server.port} ${type} ${key}`;
    const { problem, message } = await refusal({ knownHosts });
    expect(problem).toBe('host-key');
    expect(message).toContain('has CHANGED');
    expect(message).toContain('POINTSMAN_KNOWN_HOSTS');
  });

  test('that is revoked is refused', async () => {
    expect((await refusal({ knownHosts: `@revoked ${await server.knownHosts()}` })).message).toContain('revoked');
  });

  test('is looked for in ~/.ssh/known_hosts, which may be missing', async () => {
    const home = join(directory, 'empty-home');
    expect((await refusal({ knownHosts: null, home })).message).toContain('(there is no such file)');
    await mkdir(join(home, '.ssh'), { recursive: true });
    await writeFile(join(home, '.ssh/known_hosts'), await server.knownHosts());
    await connects({ knownHosts: null, home });
  });

  test('is found under a hashed name too', async () => {
    const file = join(directory, 'hashed');
    await writeFile(file, await server.knownHosts());
    await execa('ssh-keygen', ['-H', '-f', file]);
    expect(await readFile(file, 'utf8')).toMatch(/^\|1\|/);
    await connects({ knownHosts: file });
  });

  test('may be pinned in the address, and then nothing else counts', async () => {
    const { stdout } = await execa('ssh-keygen', ['-lf', join(server.directory, 'host_key.pub')]);
    await connects({ knownHosts: 'no one' }, `${server.url}?fingerprint=${stdout.split(' ')[1]}`);
    const other = `${server.url}?fingerprint=SHA256:${'A'.repeat(43)}`;
    expect((await refusal({}, other)).message).toContain(`it is not the pinned SHA256:${'A'.repeat(43)}`);
  });
});

describe('a host', () => {
  test('on whose port nobody listens is unreachable', async () => {
    const { problem, message } = await refusal({}, `ssh://root@127.0.0.1:${await freePort()}`);
    expect(problem).toBe('unreachable');
    expect(message).toMatch(/refuses connections at 127\.0\.0\.1:\d+\. Does sshd run there, and is the port right\?$/);
  });

  test('whose name nobody knows is unreachable', async () => {
    const { problem, message } = await refusal({}, 'ssh://root@no-such-host.invalid');
    expect(problem).toBe('unreachable');
    expect(message).toContain('The name no-such-host.invalid');
  });

  test.each(['shop.example.org', 'ssh://', 'ssh://root@shop:99999', 'ssh://a b@shop'])(
    'that is written as %s is no address',
    async (url) => {
      expect(await refusal({}, url)).toMatchObject({ problem: 'usage' });
    },
  );

  test('with a password in its address is refused, and the password is not repeated', async () => {
    const { problem, message } = await refusal({}, 'ssh://root:hunter2@shop.example.org');
    expect(problem).toBe('usage');
    expect(message).not.toContain('hunter2');
  });

  test('that greets whoever logs in is understood all the same', async () => {
    const greeting = `ForceCommand echo "Welcome to shop"; eval "$SSH_ORIGINAL_COMMAND"`;
    const friendly = await SshServer.start({ config: [greeting], environment: { POINTSMAN_HOME: '/srv/state' } });
    onTestFinished(() => friendly[Symbol.asyncDispose]());
    const host = await SshHost.open(friendly.url, await friendly.environment());
    onTestFinished(() => host.close());
    expect(host.stateDirectory).toBe('/srv/state');
  });

  test('that has no room for one more session is unreachable for the moment, not refused', async () => {
    const full = await SshServer.start({ config: ['MaxSessions 1'] });
    onTestFinished(() => full[Symbol.asyncDispose]());
    const host = await SshHost.open(full.url, await full.environment());
    onTestFinished(() => host.close());
    const [begun, end] = [join(full.directory, 'begun'), join(full.directory, 'end')];
    const longer = host.run({
      argv: ['sh', '-c', 'touch "$1"; until [ -e "$2" ]; do sleep 0.05; done', 'sh', begun, end],
    });
    await expect.poll(() => existsSync(begun), { timeout: 10_000 }).toBe(true);
    await expect(host.run({ argv: ['true'] })).rejects.toMatchObject({
      problem: 'unreachable',
      message: expect.stringContaining('does not open a session') as string,
    });
    await writeFile(end, '');
    expect((await longer).exitCode).toBe(0);
    expect((await host.run({ argv: ['true'] })).exitCode).toBe(0);
  });

  test('that forbids forwarding says so, with where to allow it', async () => {
    const closed = await SshServer.start({ config: ['DisableForwarding yes'] });
    onTestFinished(() => closed[Symbol.asyncDispose]());
    const host = await SshHost.open(closed.url, await closed.environment());
    onTestFinished(() => host.close());
    const request = host.request({ host: '127.0.0.1', port: 80, path: '/', timeoutMs: 5000 });
    await expect(request).rejects.toThrow(/does not open 127\.0\.0\.1:80: .*AllowTcpForwarding/);
  });
});

describe('a host that lets us in and cannot deploy', () => {
  async function said(options: Parameters<typeof SshServer.start>[0], user = 'root'): Promise<string> {
    const other = await SshServer.start(options);
    await chmod(other.directory, 0o755);
    await chmod(join(other.directory, 'authorized_keys'), 0o644);
    onTestFinished(() => other[Symbol.asyncDispose]());
    const host = await SshHost.open(other.url.replace('root@', `${user}@`), await other.environment());
    onTestFinished(() => host.close());
    return (await checkEngine(host)).map(({ message, fix }) => `${message} ${fix}`).join('\n');
  }

  /** A directory with nothing of Docker in it, and what a test puts there. */
  async function path(programs: Record<string, string> = {}): Promise<string> {
    const bin = await mkdtemp(join(directory, 'bin-'));
    for (const name of ['sh', 'flock', 'date', 'id', 'cat', 'env']) {
      await execa('ln', ['-s', (await execa('which', [name])).stdout, join(bin, name)]);
    }
    for (const [name, script] of Object.entries(programs)) {
      await rm(join(bin, name), { force: true });
      await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    }
    await chmod(bin, 0o755);
    return bin;
  }

  const noEngine = { DOCKER_HOST: 'unix:///nonexistent/docker.sock' };

  test('because Docker is not installed', async () => {
    expect(await said({ environment: { ...noEngine, PATH: await path() } })).toContain(
      'Docker is not installed on ssh://',
    );
  });

  test('because Docker does not run', async () => {
    expect(await said({ environment: noEngine })).toMatch(/Docker does not answer on ssh:.*systemctl start docker/);
  });

  test('because only Compose v1 is there', async () => {
    const docker = `[ "$1" != compose ] || { echo "docker: 'compose' is not a docker command." >&2; exit 1; }\nexec /usr/bin/docker "$@"`;
    const PATH = await path({ docker, 'docker-compose': 'echo 1.29.2' });
    expect(await said({ environment: { PATH } })).toContain('has only docker-compose v1');
  });

  test('because its clock is far off', async () => {
    const PATH = `${await path({ date: 'echo 1000000000' })}:${process.env['PATH']}`;
    expect(await said({ environment: { PATH } })).toMatch(/The clock of ssh:\S+ is \d+ s behind this machine's/);
  });

  test('because the user is not in the docker group', async () => {
    const user = `pmtest${process.pid}`;
    await execa('useradd', ['--create-home', '--shell', '/bin/sh', '--password', '*', user]);
    onTestFinished(async () => void (await execa('userdel', ['--remove', user], { reject: false })));
    expect(await said({}, user)).toContain('Add the user to the docker group and log in again.');
  });
});
