import type { ContainerHost } from '../support/container-host.js';

const node = '/opt/pointsman/current/bin/node';

const connect = `
const socket = require('node:net').connect({ host: '127.0.0.1', port: Number(process.argv[1]), timeout: 3000 });
const end = (how) => { console.log(how); process.exit(); };
socket.once('connect', () => end('connected')).once('error', ({ code }) => end(code)).once('timeout', () => end('timeout'));
`;

/** How a connection to a port ends that an account of the server makes: `connected`, `ECONNREFUSED`, `timeout`. */
export async function connects(host: ContainerHost, account: string, port: number): Promise<string> {
  const { stdout } = await host.run({
    argv: ['runuser', '-u', account, '--', node, '-e', connect, '--', String(port)],
  });
  return stdout.trim();
}

/** Ports on which the account `pointsman` listens at 127.0.0.1: Temporal's, those of its insides too. */
export async function temporalPorts(host: ContainerHost): Promise<number[]> {
  const ports = `awk -v uid="$(id -u pointsman)" '$4 == "0A" && $8 == uid { print substr($2, 10) }' /proc/net/tcp`;
  return (await host.sh(ports)).split('\n').map((port) => Number.parseInt(port, 16));
}

/** Addresses at which the account `pointsman` listens, as `/proc/net` writes them. */
export async function listensAt(host: ContainerHost): Promise<string[]> {
  const addresses = `awk -v uid="$(id -u pointsman)" '$4 == "0A" && $8 == uid { print substr($2, 1, index($2, ":") - 1) }'`;
  return (await host.sh(`${addresses} /proc/net/tcp /proc/net/tcp6 | sort -u`)).split('\n');
}

/** Listens as `nobody` on a port, for as long as the server runs; returns when it does. */
export async function squatOn(host: ContainerHost, port: number): Promise<void> {
  const listen = `require('node:net').createServer().listen(${port}, '127.0.0.1')`;
  await host.sh(`systemd-run --unit squatter --property User=nobody ${node} -e "${listen}"`);
  await host.sh(
    `until grep -q ":${port.toString(16).toUpperCase()} 00000000:0000 0A" /proc/net/tcp; do sleep 0.1; done`,
  );
}
