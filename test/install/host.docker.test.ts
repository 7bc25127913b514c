import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { install, type Load } from '../../src/install/install.js';
import { parsePublicKey } from '../../src/install/public-key.js';
import { workerPolls } from '../../src/install/server-questions.js';
import { hostStatus } from '../../src/install/status.js';
import { uninstall } from '../../src/install/uninstall.js';
import { until } from '../../src/install/until.js';
import { upgrade, upgradeBack } from '../../src/install/upgrade.js';
import { ContainerHost } from '../support/container-host.js';
import { recorder, thisLoad } from './support.js';

// Some ship the whole program two or three times.
vi.setConfig({ testTimeout: 300_000 });

const key = parsePublicKey(
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJu1lX2+cHoPVcAOxZVuQaAlvnxwE0RVzFnKUJmVgEA1 ci@example.org\n',
  'ci.pub',
);
const patience = { limitMs: 60_000, everyMs: 200 };

let host: ContainerHost;
let load: Load;
const packages: string[] = [];

const ofWorker = 'async function workerCommand(session){';

/** The one that has it, of the few files that all commands are put into. */
async function fileOfWorker(directory: string): Promise<string> {
  const found: string[] = [];
  for (const name of await readdir(join(directory, 'dist/cli'))) {
    const text = name.startsWith('together') ? await readFile(join(directory, 'dist/cli', name), 'utf8') : '';
    for (let times = text.split(ofWorker).length - 1; times > 0; times -= 1) found.push(`dist/cli/${name}`);
  }
  if (!found[0] || found.length > 1)
    throw new Error(`"${ofWorker}" is there ${found.length} times and not once: ${found.join(', ')}`);
  return found[0];
}

/** This program under another version, changed as a later release would be. */
async function laterVersion(version: string, change?: (main: string) => string): Promise<Load> {
  const directory = await mkdtemp(join(tmpdir(), 'pointsman-later-'));
  packages.push(directory);
  for (const part of ['dist', 'templates', 'docker-compose.temporal.yml', 'package.json']) {
    await cp(join(load.packageRoot, part), join(directory, part), { recursive: true });
  }
  await symlink(join(load.packageRoot, 'node_modules'), join(directory, 'node_modules'));
  const edit = async (file: string, how: (text: string) => string): Promise<void> => {
    await writeFile(join(directory, file), how(await readFile(join(directory, file), 'utf8')));
  };
  await edit('package.json', (text) => text.replace(/"version": "[^"]+"/, `"version": "${version}"`));
  if (change) await edit(await fileOfWorker(directory), change);
  return { ...load, packageRoot: directory, version };
}

async function startRun(workflow: string): Promise<void> {
  const where = '--address 127.0.0.1:7237 --task-queue nobody';
  await host.sh(`/opt/pointsman/current/bin/temporal workflow start ${where} --type t --workflow-id ${workflow}`);
}

async function endRun(workflow: string): Promise<void> {
  const where = '--address 127.0.0.1:7237';
  await host.sh(`/opt/pointsman/current/bin/temporal workflow terminate ${where} --workflow-id ${workflow}`);
}

const mainPid = (unit: string): Promise<string> => host.sh(`systemctl show --property MainPID --value ${unit}`);

beforeAll(async () => {
  load = thisLoad();
  host = await ContainerHost.boot();
});

afterAll(async () => {
  await host?.[Symbol.asyncDispose]();
  await Promise.all(packages.map((directory) => rm(directory, { recursive: true, force: true })));
});

// In this order: each goes on where the one before ended, as the life of a server does.
describe('a bare server', () => {
  test('is refused with everything that is wrong at once, and not touched', async () => {
    await host.sh('chmod a-x /usr/libexec/docker/cli-plugins/docker-compose; mv /usr/bin/docker /usr/bin/docker.away');
    const refused = install(host, { ...load, keys: [], start: true }, recorder().listener);
    await expect(refused).rejects.toMatchObject({
      kind: 'refused',
      message:
        'Nothing was touched. To mend first:\n  [docker] The docker command is not there. Install Docker Engine with Compose v2.',
    });
    await host.sh('mv /usr/bin/docker.away /usr/bin/docker');
    const withoutCompose = install(host, { ...load, keys: [], start: true }, recorder().listener);
    await expect(withoutCompose).rejects.toThrow('[compose] Compose v2 is not there.');
    await host.sh('chmod a+x /usr/libexec/docker/cli-plugins/docker-compose');
    expect(await host.sh('ls /opt; id pointsman 2>&1 || true')).toBe(
      'id: ‘pointsman’: no such user'.replace(/[‘’]/g, "'"),
    );
  });

  test('is set up: Temporal answers, and a worker polls', async () => {
    const { listener, warnings } = recorder();
    const { hostKey } = await install(host, { ...load, keys: [key], start: true }, listener);
    expect(warnings).toEqual([]);
    expect(hostKey).toMatch(/^ssh-ed25519 AAAA\S+$/);
    const status = await hostStatus(host);
    expect(status).toMatchObject({ version: load.version, temporalAnswers: true, workerPolls: true, running: 0 });
    expect(status.problems).toEqual([]);
  });

  test('has its program where people look for it, run by anybody', async () => {
    expect(await host.sh('pointsman --version')).toBe(load.version);
    expect(await host.sh('runuser -u nobody -- pointsman --version')).toBe(load.version);
  });

  test('runs both as a user that owns its state alone, without any capability', async () => {
    for (const unit of ['pointsman-temporal', 'pointsman-worker']) {
      const status = await host.sh(`cat /proc/${await mainPid(unit)}/status`);
      expect(status).toMatch(/^CapBnd:\s+0+$/m);
      expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
      expect(status).toMatch(/^Seccomp:\s+2$/m);
      expect(await host.sh(`stat -c %U /proc/${await mainPid(unit)}`)).toBe('pointsman');
    }
    const owned = 'find /opt/pointsman /usr/local/bin/pointsman /etc/systemd/system/pointsman-* ! -user root | wc -l';
    expect(await host.sh(owned)).toBe('0');
    expect(await host.sh('stat -c "%a %U:%G" /var/lib/pointsman /var/lib/pointsman/temporal.db')).toBe(
      '750 pointsman:pointsman\n600 pointsman:pointsman',
    );
  });

  test('gives no package that only development needs', async () => {
    const packed = await host.sh('ls /opt/pointsman/current/node_modules');
    expect(packed.split('\n')).toEqual(expect.arrayContaining(['commander', 'dockerode', 'ssh2']));
    expect(packed.split('\n')).not.toEqual(expect.arrayContaining(['typescript']));
    const releases = 'ls /opt/pointsman/current/node_modules/@temporalio/core-bridge/releases';
    expect(await host.sh(releases)).toBe(`${await host.sh('uname -m')}-unknown-linux-gnu`);
  });

  test('has the key of CI once, confined', async () => {
    expect(await host.readFile('/var/lib/pointsman/.ssh/authorized_keys')).toBe(
      `restrict,port-forwarding,permitopen="127.0.0.1:7237",command="/usr/local/bin/pointsman ssh-gate --ship" ${key.type} ${key.blob} ci@example.org\n`,
    );
  });
});

describe('a server that is set up', () => {
  test('is found unchanged by a second install, which restarts nothing', async () => {
    const before = [await mainPid('pointsman-temporal'), await mainPid('pointsman-worker')];
    const { listener, steps } = recorder();
    await install(host, { ...load, keys: [key], start: true }, listener);
    expect(steps.filter(({ state }) => state !== 'unchanged')).toEqual([]);
    expect([await mainPid('pointsman-temporal'), await mainPid('pointsman-worker')]).toEqual(before);
  });

  test('is mended where something was damaged, and keeps its settings', async () => {
    await host.sh('echo "POINTSMAN_NOTE=ours" >>/etc/pointsman/environment; rm /usr/local/bin/pointsman');
    await host.sh('echo broken >/opt/pointsman/current/dist/cli/main.js; systemctl stop pointsman-worker');
    const { listener, done } = recorder();
    await install(host, { ...load, keys: [key], start: true }, listener);
    expect(done()).toEqual([
      `pointsman ${load.version} in /opt/pointsman/${load.version}`,
      expect.stringMatching(/^Node.js v[\d.]+: as installed$/),
      expect.stringMatching(/^Temporal CLI \S+: as installed$/),
      'proof that it runs there',
      `moved to /opt/pointsman/${load.version}`,
      '/usr/local/bin/pointsman',
      'pointsman-worker.service started',
    ]);
    expect(await host.readFile('/etc/pointsman/environment')).toContain('POINTSMAN_NOTE=ours');
    expect((await hostStatus(host)).problems).toEqual([]);
  });

  test('brings both back when they are killed', async () => {
    await host.sh('systemctl kill --signal KILL pointsman-temporal pointsman-worker');
    expect(await until(async () => (await hostStatus(host)).problems.length === 0, patience)).toBe(true);
  });

  test('lets the worker run docker compose, behind all that its unit forbids', async () => {
    const compose = 'services: { web: { image: "nginx:1.30", command: [sleep, "60"], stop_signal: SIGKILL } }';
    await host.writeFile('/srv/app/compose.yml', compose);
    const project = `${host.name}-app`;
    const up = `docker compose -p ${project} -f /srv/app/compose.yml up -d --wait`;
    const down = `docker compose -p ${project} -f /srv/app/compose.yml down`;
    await host.writeFile(
      '/etc/systemd/system/pointsman-worker.service.d/test.conf',
      `[Service]\nExecStartPre=/bin/sh -ec "${up}; id -nG >/var/lib/pointsman/groups; ${down}"\n`,
    );
    await host.sh('systemctl daemon-reload; systemctl restart pointsman-worker');
    expect(await until(() => workerPolls(host), patience)).toBe(true);
    expect(await host.sh('cat /var/lib/pointsman/groups')).toBe('pointsman docker');
    await host.sh('rm -r /etc/systemd/system/pointsman-worker.service.d; systemctl daemon-reload');
  });

  test('leaves running what the worker started when it is restarted or killed', async () => {
    await host.writeFile(
      '/etc/systemd/system/pointsman-worker.service.d/test.conf',
      '[Service]\nExecStart=\nExecStart=/bin/sh -c "sleep 98765 & exec /usr/local/bin/pointsman worker"\n',
    );
    await host.sh('systemctl daemon-reload; systemctl restart pointsman-worker');
    expect(await until(() => workerPolls(host), patience)).toBe(true);
    const started = await host.sh('pgrep --full --exact "sleep 98765"');
    await host.sh('rm -r /etc/systemd/system/pointsman-worker.service.d; systemctl daemon-reload');
    await host.sh('systemctl restart pointsman-worker');
    await host.sh('systemctl kill --kill-who main --signal KILL pointsman-worker');
    expect(await until(() => workerPolls(host), patience)).toBe(true);
    expect(await host.sh('pgrep --full --exact "sleep 98765"')).toBe(started);
    await host.sh(`kill ${started}`);
  });

  test('says what is wrong when the worker does not run', async () => {
    await host.sh('systemctl stop pointsman-worker');
    expect((await hostStatus(host)).problems).toEqual([
      'pointsman-worker.service is inactive: journalctl -u pointsman-worker.service',
      'no worker asks Temporal for work',
    ]);
    await host.sh('systemctl start pointsman-worker');
  });
});

describe('an upgrade', () => {
  test('waits for a running deploy, and switches nothing when it takes too long', async () => {
    await startRun('shop/production');
    const { listener, notes } = recorder();
    const later = await laterVersion('9.1.0');
    await expect(upgrade(host, { ...later, waitMs: 1000 }, listener)).rejects.toMatchObject({ kind: 'busy' });
    expect(notes).toEqual(['waiting for 1 deploy to end, for up to 1 min']);
    expect((await hostStatus(host)).version).toBe(load.version);
    await endRun('shop/production');
  });

  test('switches once it has ended, without a restart of Temporal', async () => {
    const temporal = await mainPid('pointsman-temporal');
    const worker = await mainPid('pointsman-worker');
    await startRun('shop/production');
    const listener = recorder(async () => endRun('shop/production'));
    await upgrade(host, { ...(await laterVersion('9.1.0')), waitMs: 60_000 }, listener.listener);
    expect(await hostStatus(host)).toMatchObject({ version: '9.1.0', previous: load.version, problems: [] });
    expect(await mainPid('pointsman-temporal')).toBe(temporal);
    expect(await mainPid('pointsman-worker')).not.toBe(worker);
  });

  test('keeps the version before, for a way back, and no older one', async () => {
    await upgrade(host, { ...(await laterVersion('9.2.0')), waitMs: 0 }, recorder().listener);
    expect(await host.sh('ls /opt/pointsman')).toBe('9.1.0\n9.2.0\ncurrent\nprevious');
    expect(await upgradeBack(host, { waitMs: 0 }, recorder().listener)).toBe('9.1.0');
    expect(await hostStatus(host)).toMatchObject({ version: '9.1.0', previous: '9.2.0', problems: [] });
  });

  test('whose worker does not come up is taken back, and says why', async () => {
    const broken = await laterVersion('9.3.0', (text) =>
      text.replace(ofWorker, '$&throw new Error("this release is broken");'),
    );
    const upgraded = upgrade(host, { ...broken, waitMs: 0 }, recorder().listener);
    await expect(upgraded).rejects.toMatchObject({ kind: 'undone' });
    await expect(upgraded).rejects.toThrow(/^pointsman 9.3.0 did not come up, and 9.1.0 runs again:[^]*is broken/);
    expect(await hostStatus(host)).toMatchObject({ version: '9.1.0', previous: '9.2.0', problems: [] });
  });

  test('is not the business of install', async () => {
    const installed = install(host, { ...load, keys: [], start: true }, recorder().listener);
    await expect(installed).rejects.toThrow('pointsman 9.1.0 is installed there: "pointsman host upgrade"');
  });
});

describe('uninstall', () => {
  test('is refused while a deploy runs', async () => {
    await startRun('shop/staging');
    const refused = uninstall(host, { purge: false, force: false }, recorder().listener.step);
    await expect(refused).rejects.toMatchObject({ kind: 'busy' });
    expect((await hostStatus(host)).problems).toEqual([]);
  });

  test('takes everything but state and settings', async () => {
    await uninstall(host, { purge: false, force: true }, recorder().listener.step);
    expect(
      await host.sh('ls -d /opt/pointsman /usr/local/bin/pointsman /etc/systemd/system/*/pointsman* 2>&1; true'),
    ).not.toMatch(/^\//m);
    expect(await host.sh('ls /etc/pointsman; ls /var/lib/pointsman/temporal.db')).toMatch(/environment\n.*temporal.db/);
    expect(await host.readFile('/var/lib/pointsman/.ssh/authorized_keys')).toBe('');
    expect(await host.sh('nft list tables; iptables -S; ip6tables -S')).not.toMatch(/pointsman/i);
  });

  test('leaves nothing with --purge, and has nothing left to do after that', async () => {
    await uninstall(host, { purge: true, force: false }, recorder().listener.step);
    const left =
      'find / -xdev -name "*pointsman*" -not -path "/proc/*" -not -path "/sys/*" -not -path "/tmp/*" 2>/dev/null';
    expect(await host.sh(`${left} || true`)).toBe('');
    expect(await host.sh('getent passwd pointsman; getent group pointsman; true')).toBe('');
    await uninstall(host, { purge: true, force: false }, recorder().listener.step);
  });
});
