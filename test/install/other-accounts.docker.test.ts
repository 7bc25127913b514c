import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { install, type Load } from '../../src/install/install.js';
import { hostStatus } from '../../src/install/status.js';
import { uninstall } from '../../src/install/uninstall.js';
import { until } from '../../src/install/until.js';
import { ContainerHost } from '../support/container-host.js';
import { connects, listensAt, squatOn, temporalPorts } from './other-accounts.js';
import { recorder, thisLoad } from './support.js';

// One ships the whole program.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const patience = { limitMs: 60_000, everyMs: 200 };

let host: ContainerHost;
let load: Load;

beforeAll(async () => {
  load = thisLoad();
  host = await ContainerHost.boot();
  const { listener, warnings } = recorder();
  await install(host, { ...load, keys: [], start: true }, listener);
  expect(warnings).toEqual([]);
});
afterAll(() => host?.[Symbol.asyncDispose]());

// In this order: each goes on where the one before ended.
describe('other accounts of the server', () => {
  /** How each connection of an account to each port of Temporal ends. */
  const connections = async (account: string): Promise<string[]> =>
    Promise.all((await temporalPorts(host)).map((port) => connects(host, account, port)));
  const filter = { nft: '/usr/sbin/nft', iptables: '/usr/sbin/iptables' } as const;

  test('are refused at every port of Temporal, its insides included; root and its own account are not', async () => {
    const ports = await temporalPorts(host);
    expect(ports).toEqual(expect.arrayContaining([7237, 8237]));
    expect(ports.length).toBeGreaterThan(4);
    expect(await connections('nobody')).toEqual(ports.map(() => 'ECONNREFUSED'));
    expect(await connections('pointsman')).toEqual(ports.map(() => 'connected'));
    expect(await connections('root')).toEqual(ports.map(() => 'connected'));
  });

  test('and other machines find nothing: it listens at 127.0.0.1 alone', async () => {
    expect(await listensAt(host)).toEqual(['0100007F']);
  });

  test('are refused again when Temporal was killed and has other ports', async () => {
    const before = await temporalPorts(host);
    await host.sh('systemctl kill --signal KILL pointsman-temporal');
    expect(await until(async () => (await hostStatus(host)).problems.length === 0, patience)).toBe(true);
    const ports = await temporalPorts(host);
    expect(ports).not.toEqual(before);
    expect(await connections('nobody')).toEqual(ports.map(() => 'ECONNREFUSED'));
  });

  test('get nothing out of a port that they took before Temporal did', async () => {
    await host.sh('systemctl stop pointsman-worker pointsman-temporal');
    await squatOn(host, 7237);
    expect(await connects(host, 'pointsman', 7237)).toBe('timeout');
    await host.sh('systemctl stop squatter; systemctl start pointsman-temporal pointsman-worker');
    expect(await until(async () => (await hostStatus(host)).problems.length === 0, patience)).toBe(true);
  });

  test('are let in by whoever flushes the rules, which status tells and a second install mends', async () => {
    await host.sh('nft flush ruleset');
    expect((await hostStatus(host)).problems.join('\n')).toMatch(/^Every account of the server can reach Temporal \(/);
    const { listener, done, warnings } = recorder();
    await install(host, { ...load, keys: [], start: true }, listener);
    expect(done()).toEqual(['pointsman-ports.service restarted']);
    expect(warnings).toEqual([]);
    expect(await connects(host, 'nobody', 7237)).toBe('ECONNREFUSED');
  });

  test('are refused where there is iptables and no nft', async () => {
    await host.sh(`systemctl stop pointsman-ports; mv ${filter.nft} ${filter.nft}.away`);
    expect(await connects(host, 'nobody', 7237)).toBe('connected');
    await host.sh('systemctl start pointsman-ports');
    const ports = await temporalPorts(host);
    expect(await connections('nobody')).toEqual(ports.map(() => 'ECONNREFUSED'));
    expect(await connections('pointsman')).toEqual(ports.map(() => 'connected'));
    await host.sh('systemctl stop pointsman-ports');
    expect(await host.sh('iptables -S; ip6tables -S')).not.toContain('POINTSMAN');
  });

  test('stay able to connect where there is neither, which install says plainly, and goes on', async () => {
    await host.sh(`mv ${filter.iptables} ${filter.iptables}.away`);
    const { listener, warnings } = recorder();
    await install(host, { ...load, keys: [], start: true }, listener);
    expect(warnings.map(({ message }) => message)).toEqual([
      'Neither nft nor iptables is there, so every account of the server can reach Temporal: see, cancel and end what runs.',
      expect.stringMatching(/^Every account of the server can reach Temporal \(.*7237.*\): .*, but deploy nothing\.$/),
    ]);
    expect((await hostStatus(host)).openPorts).toContain(7237);
    await host.sh(
      Object.values(filter)
        .map((path) => `mv ${path}.away ${path}`)
        .join('; '),
    );
    await host.sh('systemctl restart pointsman-ports');
    expect((await hostStatus(host)).problems).toEqual([]);
  });

  test('keep no rule that was made for them when pointsman is uninstalled', async () => {
    expect(await host.sh('nft list tables; iptables -S; ip6tables -S')).toMatch(/pointsman/);
    await uninstall(host, { purge: false, force: true }, recorder().listener.step);
    expect(await host.sh('nft list tables; iptables -S; ip6tables -S')).not.toMatch(/pointsman/i);
  });
});
