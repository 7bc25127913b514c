import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { portsUnit, temporalUnit, unitNames, workerUnit } from '../../src/install/layout.js';
import { readUnitTemplates, renderUnits, type UnitTexts } from '../../src/install/units.js';

let units: UnitTexts;

beforeAll(async () => {
  units = renderUnits(await readUnitTemplates(fileURLToPath(new URL('../..', import.meta.url))));
});

/** Directives without comments, in order. */
function directives(text: string): string[] {
  return text.split('\n').filter((line) => /^\w/.test(line));
}

describe('the unit of Temporal', () => {
  test('starts the server as the embedded one is started, on this machine’s own addresses', () => {
    expect(directives(units[temporalUnit])).toContain(
      'ExecStart=/opt/pointsman/current/bin/temporal server start-dev --ip 127.0.0.1 --port 7237 --ui-port 8237' +
        ' --db-filename /var/lib/pointsman/temporal.db --log-level warn' +
        ' --search-attribute PointsmanProject=Keyword --search-attribute PointsmanEnvironment=Keyword' +
        ' --search-attribute PointsmanRelease=Keyword --search-attribute PointsmanOutcome=Keyword' +
        ' --dynamic-config-value history.transferProcessorMaxPollRPS=2000',
    );
  });

  test('keeps it away from the engine’s socket, from the network and from memory that is written and run', () => {
    expect(directives(units[temporalUnit])).toEqual(
      expect.arrayContaining([
        'InaccessiblePaths=-/run/docker.sock -/run/containerd',
        'IPAddressDeny=any',
        'IPAddressAllow=localhost',
        'MemoryDenyWriteExecute=yes',
      ]),
    );
  });
});

describe('the unit of the worker', () => {
  test('is all of this', () => {
    expect(directives(units[workerUnit])).toEqual([
      'Description=pointsman worker',
      'After=network-online.target docker.service pointsman-temporal.service',
      'Wants=network-online.target docker.service pointsman-temporal.service',
      'StartLimitIntervalSec=0',
      'Type=exec',
      'User=pointsman',
      'Group=pointsman',
      'SupplementaryGroups=docker',
      'WorkingDirectory=/var/lib/pointsman',
      'EnvironmentFile=/etc/pointsman/environment',
      'ExecStart=/usr/local/bin/pointsman worker',
      'Restart=always',
      'RestartSec=1',
      'KillMode=process',
      'TimeoutStopSec=30',
      'SyslogIdentifier=pointsman-worker',
      'UMask=0077',
      'NoNewPrivileges=yes',
      'CapabilityBoundingSet=',
      'AmbientCapabilities=',
      'ProtectSystem=strict',
      'ReadWritePaths=/var/lib/pointsman',
      'ProtectHome=read-only',
      'PrivateTmp=yes',
      'PrivateDevices=yes',
      'ProtectProc=invisible',
      'ProtectClock=yes',
      'ProtectHostname=yes',
      'ProtectKernelTunables=yes',
      'ProtectKernelModules=yes',
      'ProtectKernelLogs=yes',
      'ProtectControlGroups=yes',
      'RestrictNamespaces=yes',
      'RestrictRealtime=yes',
      'RestrictSUIDSGID=yes',
      'LockPersonality=yes',
      'SystemCallArchitectures=native',
      'SystemCallFilter=@system-service',
      'SystemCallFilter=~@privileged',
      'SystemCallErrorNumber=EPERM',
      'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK',
      'WantedBy=multi-user.target',
    ]);
  });

  test('says that the group docker equals root, and why the rest is not set', () => {
    expect(units[workerUnit]).toContain("Whoever may use the engine's socket can become root");
    for (const name of ['MemoryDenyWriteExecute', 'PrivateUsers', 'PrivateNetwork', 'RemoveIPC']) {
      expect(units[workerUnit]).toMatch(new RegExp(`^# .*${name}.*: \\w`, 'm'));
    }
  });
});

describe('the unit that closes ports', () => {
  test('has its rules set before Temporal starts, again when Temporal has other ports, and away in the end', () => {
    const program = '/bin/sh /opt/pointsman/current/templates/systemd/close-ports.sh';
    expect(directives(units[portsUnit])).toEqual(
      expect.arrayContaining([
        'Before=pointsman-temporal.service',
        `ExecStart=${program} close pointsman 7237 8237`,
        `ExecReload=${program} follow pointsman 7237 8237`,
        `ExecStop=${program} open`,
      ]),
    );
    expect(directives(units[temporalUnit])).toEqual(
      expect.arrayContaining([
        'Wants=pointsman-ports.service',
        'ExecStartPost=+-/usr/bin/systemctl --no-block try-reload-or-restart pointsman-ports.service',
      ]),
    );
  });

  test('can change the packet filter, and nothing else', () => {
    expect(directives(units[portsUnit])).toEqual(
      expect.arrayContaining([
        'CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW',
        'ProtectSystem=strict',
        'IPAddressDeny=any',
      ]),
    );
  });
});

describe('the units', () => {
  /** As they are, but for programs that are not on this machine. */
  async function written(change = (text: string): string => text): Promise<string[]> {
    const directory = await mkdtemp(join(tmpdir(), 'pointsman-units-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    return Promise.all(
      unitNames.map(async (unit) => {
        const path = join(directory, unit);
        await writeFile(path, change(units[unit]).replace(/^ExecStart=\S+/m, 'ExecStart=/bin/true'));
        return path;
      }),
    );
  }

  /** systemd's own judge; without it this test fails, and says what installs it. */
  async function analyze(...args: string[]): Promise<{ exitCode: number | undefined; all: string }> {
    const { exitCode, all, code } = await execa('systemd-analyze', args, { reject: false, all: true });
    if (code === 'ENOENT') throw new Error('systemd-analyze is not installed: script/setup test');
    return { exitCode, all };
  }

  test('are understood by systemd to the last word', async () => {
    expect(await analyze('verify', ...(await written()))).toEqual({ exitCode: 0, all: '' });
  });

  test('would be told apart from wrong ones', async () => {
    const misspelt = await written((text) => text.replace('ProtectHome=', 'ProtectHouse='));
    expect((await analyze('verify', ...misspelt)).all).toContain('ProtectHouse');
  });

  test.each([
    [portsUnit, 20],
    [temporalUnit, 15],
    [workerUnit, 20],
  ])('%s is exposed no more than %d of 100 to systemd’s eyes', async (unit, threshold) => {
    const paths = await written();
    const path = paths.find((candidate) => candidate.endsWith(unit)) ?? '';
    const { exitCode, all } = await analyze(
      'security',
      '--offline=true',
      `--threshold=${threshold}`,
      '--no-pager',
      path,
    );
    expect(all.split('\n').at(-1)).toMatch(/Overall exposure level/);
    expect(exitCode).toBe(0);
  });
});
