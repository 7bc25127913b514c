import semver from 'semver';
import type { Finding } from '../model/finding.js';
import { temporalPort, temporalUnit, uiPort } from './layout.js';
import type { ServerFacts } from './server-facts.js';

const gibibyte = 1 << 30;
const clockLimitSeconds = 60;

export interface CheckedFor {
  /** Without it nothing is started, and the server need not have booted with systemd. */
  readonly start: boolean;
}

/** All that keeps a server from being set up, at once. */
export function checkServer(facts: ServerFacts, { start }: CheckedFor): Finding[] {
  const findings: Finding[] = [];
  const wrong = (check: string, message: string, fix: string): void => {
    findings.push({ severity: 'error', check, message, fix });
  };
  if (facts.uid !== 0) {
    wrong('root', 'This is not root.', 'Connect as root: pointsman makes a user, units and files in /opt and /etc.');
  }
  if (facts.system !== 'Linux') {
    wrong('linux', `The server runs ${facts.system}.`, 'pointsman sets up Linux servers only.');
  } else if (!facts.glibc) {
    wrong(
      'glibc',
      'Its C library is not glibc.',
      'Use Debian, Ubuntu, Fedora or the like: Temporal’s SDK needs glibc.',
    );
  }
  if (start && !facts.systemd) {
    wrong(
      'systemd',
      'systemd does not run there.',
      'Boot with systemd, or install with --no-start and start the two yourself.',
    );
  }
  checkDocker(facts, wrong);
  if (facts.freeBytes < gibibyte) {
    const free = `${Math.floor(facts.freeBytes / (1 << 20))} MiB`;
    wrong('disk', `Only ${free} are free where /opt lies.`, 'Make room: 1 GiB is needed.');
  }
  for (const port of [temporalPort, uiPort]) {
    if (!facts.listening.includes(port) || facts.units[temporalUnit].active) continue;
    wrong(
      'ports',
      `Port ${port} is taken by another program.`,
      'Stop it (a "pointsman up" there? pointsman down): Temporal listens there.',
    );
  }
  if (!facts.packetFilter) {
    findings.push({
      severity: 'warning',
      check: 'accounts',
      message:
        'Neither nft nor iptables is there, so every account of the server can reach Temporal: see, cancel and end what runs.',
      fix: 'Install nftables there, and pointsman again.',
    });
  }
  if (Math.abs(facts.clockOffsetSeconds) > clockLimitSeconds) {
    const way = facts.clockOffsetSeconds > 0 ? 'ahead of' : 'behind';
    const message = `Its clock is ${Math.abs(facts.clockOffsetSeconds)} s ${way} this machine’s.`;
    wrong('clock', message, 'Set both by NTP: timetables and certificates rely on it.');
  }
  return findings;
}

function checkDocker(facts: ServerFacts, wrong: (check: string, message: string, fix: string) => void): void {
  if (!facts.dockerCli) {
    wrong('docker', 'The docker command is not there.', 'Install Docker Engine with Compose v2.');
    return;
  }
  if (!facts.dockerEngine) wrong('engine', 'Docker Engine does not answer.', 'Start it: systemctl start docker.');
  if (!facts.dockerGroup) {
    wrong(
      'docker-group',
      'There is no group docker.',
      'Use Docker Engine from packages: its socket belongs to that group.',
    );
  }
  const compose = semver.coerce(facts.compose ?? '');
  if (!compose || compose.major < 2) {
    const fix = 'Install the Compose plugin for everybody; one in root’s home is not seen by the worker.';
    wrong('compose', compose ? `Compose is ${facts.compose}.` : 'Compose v2 is not there.', fix);
  }
}
