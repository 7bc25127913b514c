import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { beforeAll, afterAll, expect, test } from 'vitest';
import type { SshConnection } from '../../src/hosts/ssh/connection.js';
import { Tunnel } from '../../src/temporal/tunnel.js';
import { asNobody, canBeNobody } from '../support/squatter.js';

const behind = createServer((socket) => socket.on('error', () => undefined).end('Temporal'));
let tunnel: Tunnel;

beforeAll(async () => {
  behind.listen(0, '127.0.0.1');
  await once(behind, 'listening');
  const { port } = behind.address() as AddressInfo;
  // The way through SSH has tests of its own; here it is as short as can be.
  const connection = { dial: (host: string, to: number) => Promise.resolve(createConnection(to, host)) };
  tunnel = await Tunnel.open(connection as unknown as SshConnection, port);
});
afterAll(() => {
  behind.close();
});

test('a tunnel leads whoever opened it to the other machine', async () => {
  expect(await text(createConnection(tunnel.port, '127.0.0.1'))).toBe('Temporal');
});

test.skipIf(!canBeNobody)('a tunnel turns other users of this machine away', async () => {
  const child = await asNobody(
    `const socket = require('net').connect(process.argv[1], '127.0.0.1');
    let heard = '';
    socket.on('data', (data) => (heard += data)).on('error', () => {}).on('close', () => console.log('heard:' + heard + '.'));`,
    String(tunnel.port),
  );
  expect(child.firstLine).toBe('heard:.');
});
