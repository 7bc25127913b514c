import { renderUnits, type UnitTexts } from '../../src/install/units.js';
import { portsUnit, temporalUnit, workerUnit } from '../../src/install/layout.js';
import type { LocalFacts } from '../../src/install/local-facts.js';
import type { InstallQuestion } from '../../src/install/plan.js';
import { environmentText, wrapperText } from '../../src/install/server-files.js';
import type { InstalledVersion, ServerFacts } from '../../src/install/server-facts.js';

export const units: UnitTexts = renderUnits({
  [portsUnit]: 'ports',
  [temporalUnit]: 'temporal',
  [workerUnit]: 'worker',
});
export const manifest = 'a'.repeat(64);

/** A server with Docker on which nobody has installed anything. */
export const bare: ServerFacts = {
  uid: 0,
  system: 'Linux',
  machine: 'x86_64',
  glibc: 'glibc 2.36',
  systemd: true,
  systemctl: true,
  dockerCli: true,
  dockerEngine: '28.3.0',
  compose: '2.38.1',
  dockerGroup: true,
  freeBytes: 20e9,
  clockOffsetSeconds: 0,
  listening: [],
  packetFilter: true,
  portsClosed: false,
  node: null,
  temporal: null,
  canDownloadTemporal: false,
  user: null,
  currentVersion: null,
  previousVersion: null,
  target: null,
  current: null,
  files: {},
  directories: {},
  units: {
    [portsUnit]: { active: false, enabled: false },
    [temporalUnit]: { active: false, enabled: false },
    [workerUnit]: { active: false, enabled: false },
  },
  hostKey: null,
};

export const shipped: InstalledVersion = {
  manifest,
  intact: true,
  node: { link: null, version: 'v20.20.2', sha256: 'node' },
  temporal: { link: null, version: 'temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)', sha256: 'temporal' },
};

/** The same, after 1.2.3 was installed as `question` asks for. */
export const installed: ServerFacts = {
  ...bare,
  listening: [7237, 8237],
  portsClosed: true,
  user: { home: '/var/lib/pointsman', shell: '/bin/sh', inDockerGroup: true },
  currentVersion: '1.2.3',
  target: shipped,
  files: {
    '/usr/local/bin/pointsman': { content: wrapperText(), rights: '755 root:root' },
    '/etc/pointsman/environment': { content: environmentText(), rights: '640 root:pointsman' },
    '/etc/systemd/system/pointsman-ports.service': { content: units[portsUnit], rights: '644 root:root' },
    '/etc/systemd/system/pointsman-temporal.service': { content: units[temporalUnit], rights: '644 root:root' },
    '/etc/systemd/system/pointsman-worker.service': { content: units[workerUnit], rights: '644 root:root' },
  },
  directories: {
    '/opt/pointsman': '755 root:root',
    '/etc/pointsman': '755 root:root',
    '/var/lib/pointsman': '750 pointsman:pointsman',
    '/var/lib/pointsman/.ssh': '700 pointsman:pointsman',
  },
  units: {
    [portsUnit]: { active: true, enabled: true },
    [temporalUnit]: { active: true, enabled: true },
    [workerUnit]: { active: true, enabled: true },
  },
};

export const local: LocalFacts = {
  node: { path: '/usr/bin/node', version: 'v20.20.2', machine: 'x86_64', glibc: true },
  temporal: { path: '/cache/temporal', machine: 'x86_64', sha256: 'temporal', demanded: false },
};

export const question: InstallQuestion = { version: '1.2.3', manifest, local, units, keys: [], start: true };
