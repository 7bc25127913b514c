import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  ciLines,
  hostInstallCommand,
  hostStatusCommand,
  hostUninstallCommand,
  hostUpgradeCommand,
} from '../../src/cli/commands/host.js';
import type { Exit } from '../../src/cli/exit-codes.js';
import { Session } from '../../src/cli/session.js';
import type { Command, CommandResult, Host } from '../../src/hosts/host.js';
import { LocalHost } from '../../src/hosts/local-host.js';
import { parseSshAddress } from '../../src/hosts/ssh/address.js';

/** A server that answers each command line by the first pattern that it matches; what it was asked is kept. */
class ScriptedHost extends LocalHost implements Host {
  readonly asked: string[] = [];
  private readonly answers: readonly (readonly [RegExp, string])[];

  constructor(answers: readonly (readonly [RegExp, string])[]) {
    super({ stateDirectory: '/nonexistent' });
    this.answers = answers;
  }

  override run(command: Command): Promise<CommandResult> {
    return this.tryRun(command);
  }

  override tryRun(command: Command): Promise<CommandResult> {
    const line = command.argv.join(' ');
    this.asked.push(line);
    const answer = this.answers.find(([pattern]) => pattern.test(line))?.[1];
    const ended = { command, signal: null, timedOut: false, cancelled: false, stderr: '', durationMs: 1 };
    return Promise.resolve({ ...ended, exitCode: answer === undefined ? 1 : 0, stdout: answer ?? '' });
  }

  override freeBytes(): Promise<number> {
    return Promise.resolve(5 * 2 ** 30);
  }
}

const unit = (pid: number): string =>
  `ActiveState=active\nActiveEnterTimestamp=Mon 2026-11-23 14:44:02 UTC\nMainPID=${pid}\nNRestarts=0\n`;

const well: readonly (readonly [RegExp, string])[] = [
  [/^id -u$/, '0\n'],
  [/^test -e \/opt\/pointsman\/current$/, ''],
  [/^readlink -e .*current$/, '/opt/pointsman/1.2.3\n'],
  [/^systemctl show .*ports/, unit(0)],
  [/^systemctl show .*temporal/, unit(41)],
  [/^systemctl show .*worker/, unit(42)],
  [/cluster health/, 'SERVING\n'],
  [/task-queue describe/, '{"pollers":[{"identity":"42@server"}]}'],
  [/workflow count/, '{"count":"2"}'],
  [/setpriv --reuid=65534/, '\n'],
];

let session: Session;
let said: string[];
let host: ScriptedHost;

beforeEach(() => {
  said = [];
  host = new ScriptedHost(well);
  session = new Session();
  const keep = (text: string): void => void said.push(text);
  Object.assign(session, {
    output: { live: false, print: keep, note: keep, redraw: keep },
    sshHost: () => Promise.resolve(host),
  });
});

const url = 'ssh://root@shop.example.org';

async function endOf(command: Promise<number>): Promise<Pick<Exit, 'code' | 'message'>> {
  return command.then(
    (code) => ({ code: code as Exit['code'], message: '' }),
    (error: Exit) => error,
  );
}

describe('host status', () => {
  test('says in eight lines how the server is', async () => {
    expect(await hostStatusCommand(session, url, {})).toBe(0);
    expect(said).toEqual([
      'pointsman   1.2.3',
      'pointsman-ports.service  active since Mon 2026-11-23 14:44:02 UTC',
      'pointsman-temporal.service  active since Mon 2026-11-23 14:44:02 UTC',
      'pointsman-worker.service  active since Mon 2026-11-23 14:44:02 UTC',
      'Temporal    answers; 2 running',
      'worker      asks for work',
      'ports       closed to other accounts',
      'disk        5.0 GiB free',
    ]);
  });

  test('ends with 75 when something is wrong, and says what', async () => {
    host = new ScriptedHost(well.map(([pattern, answer]) => [pattern, answer.replace('42@', '7@')]));
    expect(await hostStatusCommand(session, url, { json: true })).toBe(75);
    expect(JSON.parse(said.join(''))).toMatchObject({
      version: '1.2.3',
      workerPolls: false,
      problems: ['no worker asks Temporal for work'],
    });
  });

  test('names the ports of Temporal that other accounts of the server can connect to', async () => {
    host = new ScriptedHost(
      well.map(([pattern, answer]) => [pattern, pattern.test('setpriv --reuid=65534') ? '7237 40001\n' : answer]),
    );
    expect(await hostStatusCommand(session, url, {})).toBe(75);
    expect(said).toContain('ports       open to other accounts: 7237, 40001');
    expect(said.at(-1)).toBe(
      'problem     Every account of the server can reach Temporal (7237, 40001): see, cancel and end what runs, but ' +
        'deploy nothing. journalctl -u pointsman-ports.service says why they were not closed.',
    );
  });

  test('says so where it cannot try that, as whoever is not root', async () => {
    host = new ScriptedHost(well.filter(([pattern]) => !pattern.test('setpriv --reuid=65534')));
    expect(await hostStatusCommand(session, url, {})).toBe(0);
    expect(said).toContain('ports       unknown whether other accounts reach Temporal');
  });

  test('knows a server on which nothing is installed', async () => {
    host = new ScriptedHost([]);
    expect(await hostStatusCommand(session, url, {})).toBe(75);
    expect(said[0]).toBe('pointsman   not installed');
    expect(said.filter((line) => line.startsWith('problem'))).toEqual([
      'problem     pointsman is not installed there: pointsman host install',
    ]);
  });
});

describe('host install', () => {
  test('refuses a private key before it connects, without showing it', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'pointsman-key-'));
    const file = join(directory, 'ci');
    await writeFile(file, '-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n');
    const { code, message } = await endOf(hostInstallCommand(session, url, { key: [file], start: true }));
    await rm(directory, { recursive: true });
    expect(code).toBe(3);
    expect(message).toMatch(/is a PRIVATE key/);
    expect(message).not.toMatch(/c2VjcmV0/);
    expect(host.asked).toEqual([]);
  });

  test('names a key file that is not there', async () => {
    const ended = await endOf(hostInstallCommand(session, url, { key: ['/nonexistent/ci.pub'], start: true }));
    expect(ended).toMatchObject({ code: 2, message: 'The key /nonexistent/ci.pub cannot be read: ENOENT.' });
  });
});

describe('what host install tells CI', () => {
  test('is where an alias leads, which CI does not know', () => {
    expect(ciLines({ hostname: 'shop.example.org', port: 2201, jump: null }, 'ssh-ed25519 AAAA')).toEqual([
      'For CI:',
      '  POINTSMAN_VIA=ssh://pointsman@shop.example.org:2201',
      '  known_hosts: [shop.example.org]:2201 ssh-ed25519 AAAA',
    ]);
  });

  test('leaves out the usual port', () => {
    expect(ciLines({ hostname: '2001:db8::1', port: 22, jump: null }, 'ssh-ed25519 AAAA').slice(1)).toEqual([
      '  POINTSMAN_VIA=ssh://pointsman@[2001:db8::1]',
      '  known_hosts: 2001:db8::1 ssh-ed25519 AAAA',
    ]);
  });

  test('says that the server is behind another host', () => {
    const jump = { address: parseSshAddress('ssh://gw') };
    expect(ciLines({ hostname: '10.0.0.5', port: 22, jump }, null).slice(2)).toEqual([
      '  known_hosts: the server has no ed25519 host key',
      '  It is behind ssh://gw: CI goes there by a ProxyJump of its own ~/.ssh/config.',
    ]);
  });
});

describe('host upgrade', () => {
  test.each(['half an hour', '30', ''])('does not wait for "%s"', async (wait) => {
    const { code, message } = await endOf(hostUpgradeCommand(session, url, { wait }));
    expect([code, message]).toEqual([2, `--wait must be a duration such as 30m, or 0, not "${wait}".`]);
  });

  test('has no way back where there was no version before', async () => {
    const ended = await endOf(hostUpgradeCommand(session, url, { wait: '0', back: true }));
    expect(ended).toMatchObject({ code: 3, message: 'There is no version before to go back to.' });
  });
});

describe('host uninstall', () => {
  test('is refused while deploys run, and touches nothing', async () => {
    const ended = await endOf(hostUninstallCommand(session, url, {}));
    expect(ended).toMatchObject({ code: 6, message: expect.stringMatching(/^2 deploys run there/) as string });
    expect(host.asked.filter((line) => /^sh |systemctl (stop|disable)/.test(line))).toEqual([]);
  });

  test('is refused when nobody knows whether one runs', async () => {
    host = new ScriptedHost(well.filter(([pattern]) => !pattern.test('workflow count')));
    expect(await endOf(hostUninstallCommand(session, url, {}))).toMatchObject({ code: 75 });
  });
});
