import { mkdtemp, open, readdir, rm, stat } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { CommandError } from '../../src/hosts/command-error.js';
import type { Command, Host } from '../../src/hosts/host.js';
import { LocalHost } from '../../src/hosts/local-host.js';
import { SshHost } from '../../src/hosts/ssh/ssh-host.js';
import { certificate } from '../support/certificate.js';
import { SshServer } from '../support/ssh-server.js';

let server: SshServer;
let over: SshHost;
beforeAll(async () => {
  server = await SshServer.start();
  over = await SshHost.open(server.url, await server.environment());
});
afterAll(async () => {
  over?.close();
  await server?.[Symbol.asyncDispose]();
});

/** Every kind of host keeps to the same contract. */
const kinds = ['local', 'ssh'] as const;

describe.each(kinds)('on a host that is %s,', (kind) => {
  let directory: string;
  let host: Host;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'pointsman-host-'));
    host = kind === 'ssh' ? over : new LocalHost({ stateDirectory: directory });
    return () => rm(directory, { recursive: true, force: true });
  });

  function shell(script: string): Command {
    return { argv: ['sh', '-c', script] };
  }

  /** What a command that fails is reported as. */
  async function errorOf(running: Promise<unknown>): Promise<CommandError> {
    const error: unknown = await running.catch((reason: unknown) => reason);
    if (error instanceof CommandError) return error;
    throw new Error('the command was expected to fail');
  }

  describe('a command', () => {
    test('gives back all that it printed, apart', async () => {
      const result = await host.run(shell('echo out; echo err >&2'));
      expect(result).toMatchObject({ exitCode: 0, signal: null, timedOut: false, cancelled: false });
      expect([result.stdout, result.stderr]).toEqual(['out\n', 'err\n']);
    });

    test('gets its words as they are: no shell takes them apart', async () => {
      const { stdout } = await host.run({ argv: ['printf', '%s|', 'two words', '$HOME', '', "it's"] });
      expect(stdout).toBe("two words|$HOME||it's|");
    });

    test('runs where, with what and on what it is told', async () => {
      const command = { ...shell('pwd -P; echo "$COLOUR"; cat'), cwd: '/', env: { COLOUR: 'blue' }, stdin: 'input' };
      expect((await host.run(command)).stdout).toBe('/\nblue\ninput');
    });

    test('may be one of many at once: each gets its own answer', async () => {
      const numbers = Array.from({ length: 30 }, (_, at) => String(at));
      const results = await Promise.all(numbers.map((number) => host.run({ argv: ['echo', number] })));
      expect(results.map(({ stdout }) => stdout.trim())).toEqual(numbers);
    });

    test('that waits for input finds none, and ends', async () => {
      expect((await host.run({ argv: ['cat'] })).stdout).toBe('');
    });

    test('is heard line by line', async () => {
      const lines: string[] = [];
      await host.run(shell('echo first; echo last; echo err >&2'), {
        onLine: (line, stream) => lines.push(`${stream}: ${line}`),
      });
      expect(lines.toSorted()).toEqual(['stderr: err', 'stdout: first', 'stdout: last']);
    });

    test('is heard to its end, also where it ends without a line break', async () => {
      const lines: string[] = [];
      await host.run(shell('echo first; printf last'), { onLine: (line) => lines.push(line) });
      expect(lines).toEqual(['first', 'last']);
    });
  });

  describe('a command that fails', () => {
    test('is an error with the command as typed, its exit code and its own words', async () => {
      const error = await errorOf(host.run(shell('echo progress; echo "no space left" >&2; exit 3')));
      expect(error.message).toBe(
        `sh -c 'echo progress; echo "no space left" >&2; exit 3' failed (exit code 3): no space left`,
      );
      expect(error.result).toMatchObject({ exitCode: 3, stdout: 'progress\n', stderr: 'no space left\n' });
    });

    test('is told with what it printed where it left standard error empty', async () => {
      expect((await errorOf(host.run(shell('echo refused; false')))).message).toMatch(/\(exit code 1\): refused$/);
    });

    test('is told with its last five lines only', async () => {
      expect((await errorOf(host.run(shell('seq 8 >&2; exit 1')))).message).toMatch(/: 4\n5\n6\n7\n8$/);
    });

    test('is no error where its end was asked for', async () => {
      expect((await host.tryRun(shell('exit 3'))).exitCode).toBe(3);
    });

    test('by a signal says which', async () => {
      const error = await errorOf(host.run(shell('kill -KILL $$')));
      expect(error.result).toMatchObject({ exitCode: null, signal: 'SIGKILL', cancelled: false });
      expect(error.message).toBe("sh -c 'kill -KILL $$' was ended by SIGKILL");
    });

    test('because it is not installed could not be started', async () => {
      const error = await errorOf(host.run({ argv: ['pointsman-no-such-command', '--version'] }));
      expect(error.message).toMatch(
        /^pointsman-no-such-command --version could not be started: .*(?:ENOENT|not found)/,
      );
      expect([null, 127]).toContain(error.result.exitCode);
    });
  });

  describe('a command that goes on for too long', () => {
    test('ends when it is cancelled, and says so', async () => {
      const controller = new AbortController();
      const options = { signal: controller.signal, onLine: () => controller.abort() };
      const error = await errorOf(host.run(shell('echo ready; exec sleep 600'), options));
      expect(error.result).toMatchObject({ exitCode: null, signal: 'SIGTERM', cancelled: true, stdout: 'ready\n' });
      expect(error.message).toMatch(/^sh -c 'echo ready; exec sleep 600' was cancelled/);
    });

    test('is not let run at all once it is cancelled', async () => {
      const result = await host.tryRun({ argv: ['sleep', '600'] }, { signal: AbortSignal.abort() });
      expect(result).toMatchObject({ exitCode: null, cancelled: true });
    });

    test('ends at its time limit, and says so', async () => {
      const error = await errorOf(host.run({ argv: ['sleep', '600'] }, { timeoutMs: 50 }));
      expect(error.result).toMatchObject({ exitCode: null, timedOut: true, cancelled: false });
      expect(error.message).toMatch(/^sleep 600 did not end within \d+ ms/);
    });

    test('is told once, with what it printed', async () => {
      const controller = new AbortController();
      const options = { signal: controller.signal, onLine: () => controller.abort() };
      const error = await errorOf(host.run(shell('echo ready; exec sleep 600'), options));
      expect(error.message).toBe("sh -c 'echo ready; exec sleep 600' was cancelled: ready");
    });
  });

  describe('a file', () => {
    test('that is not there has no content; any other trouble is an error', async () => {
      expect(await host.readFile(join(directory, 'absent'))).toBeNull();
      await expect(host.readFile(directory)).rejects.toThrow(/EISDIR|Failure/);
    });

    test('is written with the directories above it, and leaves nothing beside it', async () => {
      const path = join(directory, 'shop', 'production', 'slots.env');
      await host.writeFile(path, 'BLUE_IMAGE=shop:v1\n');
      await host.writeFile(path, 'BLUE_IMAGE=shop:v2\n');
      expect(await host.readFile(path)).toBe('BLUE_IMAGE=shop:v2\n');
      expect(await readdir(join(directory, 'shop', 'production'))).toEqual(['slots.env']);
    });

    test('that someone reads while it is replaced is the old one to its end', async () => {
      const path = join(directory, 'file');
      await host.writeFile(path, 'the old content');
      const reader = await open(path, 'r');
      onTestFinished(() => reader.close());
      await host.writeFile(path, 'new');
      expect(await reader.readFile('utf8')).toBe('the old content');
      expect(await host.readFile(path)).toBe('new');
    });

    test('may be for its owner only', async () => {
      const path = join(directory, 'private');
      await host.writeFile(path, 'content', 0o600);
      expect((await stat(path)).mode & 0o777).toBe(0o600);
    });

    test('gets directories that only their owner may write, whatever is usual for the user', async () => {
      const usual = process.umask(0o002);
      onTestFinished(() => void process.umask(usual));
      await host.writeFile(join(directory, 'shop/production/slots.env'), 'BLUE_IMAGE=shop:v1\n');
      for (const made of ['shop', 'shop/production']) {
        expect((await stat(join(directory, made))).mode & 0o777).toBe(0o755);
      }
    });

    test('has room on its disk', async () => {
      expect(await host.freeBytes(directory)).toBeGreaterThan(0);
    });
  });

  describe('a request', () => {
    /** A server that answers as told, on a port of its own. */
    function serve(listener: RequestListener) {
      return listening(createServer(listener));
    }

    async function listening(server: Server | SecureServer) {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      onTestFinished(() => {
        server.closeAllConnections();
        server.close();
      });
      return { host: '127.0.0.1', port: (server.address() as AddressInfo).port, path: '/healthz', timeoutMs: 10_000 };
    }

    test('brings back status, headers in lower case and body, whatever the status', async () => {
      const to = await serve((_, response) => {
        response.writeHead(503, { 'X-Release': 'v1', 'Set-Cookie': ['a=1', 'b=2'] });
        response.end('starting');
      });
      const { status, headers, body } = await host.request(to);
      expect([status, body]).toEqual([503, 'starting']);
      expect(headers).toMatchObject({ 'x-release': 'v1', 'set-cookie': 'a=1, b=2' });
    });

    test('asks for the path with the headers given, on a connection that is not kept', async () => {
      const to = await serve(({ url, headers }, response) => {
        response.end([url, headers.host, headers.connection].join(' '));
      });
      const { body } = await host.request({ ...to, path: '/notes?page=2', headers: { Host: 'shop.example.org' } });
      expect(body).toBe('/notes?page=2 shop.example.org close');
    });

    test('goes over TLS where it is told to, for the certificate of a name, whoever has signed it', async () => {
      const files = await certificate(directory, 'shop.example');
      const secure = createSecureServer(files, (asked, response) => {
        response.end(`${String((asked.socket as TLSSocket).servername)} ${asked.headers.host}`);
      });
      const to = await listening(secure);
      const headers = { Host: 'shop.example:8443' };
      expect((await host.request({ ...to, headers, tlsName: 'shop.example' })).body).toBe(
        'shop.example shop.example:8443',
      );
      expect((await host.request({ ...to, headers, tlsName: '127.0.0.1' })).body).toBe('false shop.example:8443');
      await expect(host.request({ ...to, headers })).rejects.toThrow();
    });

    test('keeps the first 64 KiB of a long answer', async () => {
      const to = await serve((_, response) => void response.end('x'.repeat(100_000)));
      expect((await host.request(to)).body).toHaveLength(64 * 1024);
    });

    test('that is not answered ends at its time limit', async () => {
      const to = await serve(() => undefined);
      await expect(host.request({ ...to, timeoutMs: 50 })).rejects.toThrow();
    });

    test('that is cut off in the middle of the answer is an error', async () => {
      const to = await serve((_, response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('half of it', () => response.destroy());
      });
      await expect(host.request(to)).rejects.toThrow();
    });

    test('ends when it is cancelled', async () => {
      const controller = new AbortController();
      const to = await serve(() => controller.abort());
      await expect(host.request({ ...to, signal: controller.signal })).rejects.toThrow('abort');
    });

    test('to a port where nobody listens is an error', async () => {
      await expect(host.request({ host: '127.0.0.1', port: 1, path: '/', timeoutMs: 10_000 })).rejects.toThrow(
        /ECONNREFUSED|Connection refused/,
      );
    });
  });
});
