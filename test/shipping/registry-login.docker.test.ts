import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { pullImage } from '../../src/docker/image.js';
import { logOut } from '../../src/docker/registry-login.js';
import { LocalHost } from '../../src/hosts/local-host.js';
import { registryLogin } from '../../src/shipping/registry-login.js';

let directory: string;
let host: LocalHost;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pointsman-login-'));
  host = new LocalHost({ stateDirectory: join(directory, 'state') });
  return () => rm(directory, { recursive: true, force: true });
});

/** A registry that holds nothing, asks who is there, and notes the answers. */
async function registry(): Promise<{ server: string; said: Set<string> }> {
  const said = new Set<string>();
  const listening: Server = createServer((request, response) => {
    const { authorization } = request.headers;
    if (authorization) said.add(authorization);
    response.setHeader('WWW-Authenticate', 'Basic realm="registry"');
    response.writeHead(authorization ? 404 : 401, { 'content-type': 'application/json' });
    response.end('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}');
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => listening.once('listening', resolve));
  onTestFinished(() => void listening.close());
  return { server: `127.0.0.1:${(listening.address() as AddressInfo).port}`, said };
}

test('Docker shows a registry the credentials that came with the release, and after that they are gone', async () => {
  const { server, said } = await registry();
  const login = { server, userVariable: 'CI_REGISTRY_USER', passwordVariable: 'CI_REGISTRY_PASSWORD' };
  const file = registryLogin(login, { CI_REGISTRY_USER: 'ci', CI_REGISTRY_PASSWORD: 'p:w"d' });
  expect(file.mode).toBe(0o600);
  await mkdir(dirname(join(directory, file.path)), { recursive: true });
  await writeFile(join(directory, file.path), file.content, { mode: file.mode });
  await expect(pullImage(host, { directory }, `${server}/shop:v1`)).rejects.toThrow('manifest unknown');
  expect([...said]).toEqual([`Basic ${Buffer.from('ci:p:w"d').toString('base64')}`]);
  await logOut(host, { directory });
  expect(await readdir(directory)).toEqual(['state']);
});

test('without credentials Docker goes by what the user of the host is logged in to', async () => {
  const { server, said } = await registry();
  await expect(pullImage(host, { directory }, `${server}/shop:v1`)).rejects.toThrow(/shop/);
  expect([...said]).toEqual([]);
});

test('a variable of the login without a value is named', () => {
  const login = { server: 'registry.example.org', userVariable: 'USER_NAME', passwordVariable: 'PASS_WORD' };
  expect(() => registryLogin(login, { USER_NAME: 'ci', PASS_WORD: '' })).toThrow(
    'PASS_WORD has no value here: it is needed to log in to registry.example.org.',
  );
});
