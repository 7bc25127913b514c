import { describe, expect, test } from 'vitest';
import { signed } from '../../src/hosts/own-file.js';
import { temporalUnit } from '../../src/install/layout.js';
import { isUnchanged, planInstall, type InstallQuestion } from '../../src/install/plan.js';
import { environmentText, wrapperText } from '../../src/install/server-files.js';
import type { ServerFacts } from '../../src/install/server-facts.js';
import { bare, installed, local, question, shipped, units } from './server.js';

/** What would be done, in a word each. */
function planned(facts: Partial<ServerFacts>, asked: Partial<InstallQuestion> = {}, base = installed): string[] {
  const plan = planInstall({ ...base, ...facts }, { ...question, ...asked });
  return [...plan.prepare, ...plan.switchOver].flatMap(({ action }) => {
    if (!action) return [];
    if (action.do === 'binary') return [`${action.binary.name} from ${action.binary.source.from}`];
    const about = 'path' in action ? action.path : 'unit' in action ? action.unit.replace('.service', '') : '';
    return [`${action.do} ${about}`.trim()];
  });
}

describe('what somebody else wrote under a name of pointsman', () => {
  const unit = '/etc/systemd/system/pointsman-worker.service';
  const kept = (path: string, content: string) => {
    const files = { ...installed.files, [path]: { content, rights: '644 root:root' } };
    const plan = planInstall({ ...installed, files }, question);
    const step = [...plan.prepare, ...plan.switchOver].find(({ title }) => title.startsWith(path));
    return { title: step?.title, keep: step?.action?.do === 'write' && step.action.keep };
  };

  test.each([
    ['/usr/local/bin/pointsman', '#!/usr/bin/env node\nimport "pointsman";\n'],
    [unit, '[Service]\nExecStart=/opt/mine\n'],
    ['/usr/local/bin/pointsman', wrapperText().replace('exec ', 'nice exec ')],
  ])('%s is kept beside the new one, and that is said before', (path, content) => {
    const title = `${path}; what is there is not by pointsman alone, and stays as ${path}.before-pointsman`;
    expect(kept(path, content)).toEqual({ title, keep: true });
  });

  test('what another version of pointsman wrote is replaced, and not kept', () => {
    const path = '/usr/local/bin/pointsman';
    expect(kept(path, signed('#!/bin/sh\nexec /opt/pointsman/old "$@"\n'))).toEqual({ title: path, keep: undefined });
  });
});

const everyUnit = ['pointsman-ports', 'pointsman-temporal', 'pointsman-worker'];

describe('the plan for a bare server', () => {
  test('is everything, the program made beside and moved into place', () => {
    expect(planInstall(bare, question).prepare.map(({ action }) => action)).toEqual([
      { do: 'make-user' },
      { do: 'make-directories' },
      { do: 'unpack', directory: '/opt/pointsman/1.2.3.new', units },
      expect.objectContaining({ do: 'binary', directory: '/opt/pointsman/1.2.3.new' }),
      expect.objectContaining({ do: 'binary', directory: '/opt/pointsman/1.2.3.new' }),
      { do: 'prove', directory: '/opt/pointsman/1.2.3.new', version: '1.2.3' },
      { do: 'settle', from: '/opt/pointsman/1.2.3.new', to: '/opt/pointsman/1.2.3' },
      { do: 'write', path: '/usr/local/bin/pointsman', content: wrapperText(), rights: '755 root:root' },
      { do: 'write', path: '/etc/pointsman/environment', content: environmentText(), rights: '640 root:pointsman' },
    ]);
    expect(planInstall(bare, question).switchOver.map(({ title, action }) => [title, action?.do])).toEqual([
      ['current is 1.2.3', 'switch'],
      ...everyUnit.map((unit) => [`/etc/systemd/system/${unit}.service`, 'write']),
      ['systemd reads the units again', 'reload-units'],
      ...everyUnit.map((unit) => [`${unit}.service starts at boot`, 'enable']),
      ...everyUnit.map((unit) => [`${unit}.service started`, 'start']),
    ]);
  });

  test('starts nothing with --no-start, and asks nothing of a systemd that does not run', () => {
    const asked = planned({ systemd: false }, { start: false }, bare);
    expect(asked).toContain('enable pointsman-worker');
    expect(asked.filter((line) => /^(start|restart|reload)/.test(line))).toEqual([]);
    expect(planned({ systemd: false, systemctl: false }, { start: false }, bare)).not.toContain(
      'enable pointsman-worker',
    );
  });
});

describe('the plan for a server that is set up', () => {
  test('is nothing at all', () => {
    const plan = planInstall(installed, question);
    expect(isUnchanged(plan)).toBe(true);
    expect(plan.findings).toEqual([]);
  });

  const mended: [what: string, facts: Partial<ServerFacts>, done: string[]][] = [
    [
      'a unit that is not active',
      { units: { ...installed.units, [temporalUnit]: { active: false, enabled: true } }, listening: [] },
      ['start pointsman-temporal'],
    ],
    [
      "rules that somebody flushed with the packet filter's others",
      { portsClosed: false },
      ['restart pointsman-ports'],
    ],
    [
      'a unit that does not start at boot',
      { units: { ...installed.units, [temporalUnit]: { active: true, enabled: false } } },
      ['enable pointsman-temporal'],
    ],
    [
      'rights of a directory',
      { directories: { ...installed.directories, '/opt/pointsman': '777 root:root' } },
      ['make-directories'],
    ],
    [
      'a user outside of the group docker',
      { user: { home: '/var/lib/pointsman', shell: '/bin/sh', inDockerGroup: false } },
      ['make-user', 'restart pointsman-worker'],
    ],
    [
      'a user that cannot log in',
      { user: { home: '/var/lib/pointsman', shell: '/usr/sbin/nologin', inDockerGroup: true } },
      ['make-user', 'restart pointsman-worker'],
    ],
    [
      'a program that is damaged',
      { target: { ...shipped, intact: false } },
      ['unpack', 'node from version', 'temporal from version', 'prove', 'settle', 'restart pointsman-worker'],
    ],
    [
      'a program of the same version and other content',
      { target: { ...shipped, manifest: 'b' } },
      ['unpack', 'node from version', 'temporal from version', 'prove', 'settle', 'restart pointsman-worker'],
    ],
    [
      'a Node.js that does not run',
      { target: { ...shipped, node: { link: null, version: null, sha256: '' } } },
      ['node from this-machine', 'prove', 'restart pointsman-worker'],
    ],
    [
      'a missing Temporal',
      { target: { ...shipped, temporal: null } },
      ['temporal from this-machine', 'prove', 'restart pointsman-temporal', 'restart pointsman-worker'],
    ],
    [
      'a unit that somebody edited',
      {
        files: {
          ...installed.files,
          '/etc/systemd/system/pointsman-temporal.service': { content: 'other', rights: '644 root:root' },
        },
      },
      ['write /etc/systemd/system/pointsman-temporal.service', 'reload-units', 'restart pointsman-temporal'],
    ],
  ];
  test.each(mended)('mends %s, and nothing else', (_, facts, done) => {
    expect(planned(facts)).toEqual(done);
  });

  test('has nothing to do about ports where there is no packet filter, and says what that means', () => {
    const without = { packetFilter: false, portsClosed: false };
    expect(planned(without)).toEqual([]);
    expect(planInstall({ ...installed, ...without }, question).findings).toEqual([
      {
        severity: 'warning',
        check: 'accounts',
        message:
          'Neither nft nor iptables is there, so every account of the server can reach Temporal: see, cancel and end what runs.',
        fix: 'Install nftables there, and pointsman again.',
      },
    ]);
  });

  test('leaves settings alone that are not those that it would write', () => {
    const files = { ...installed.files, '/etc/pointsman/environment': { content: 'A=b\n', rights: '600 root:root' } };
    expect(planned({ files })).toEqual([]);
  });

  test('adds a key without restarting anything', () => {
    const keys = [{ type: 'ssh-ed25519', blob: 'AAAA', comment: 'ci' }];
    expect(planned({}, { keys })).toEqual(['write /var/lib/pointsman/.ssh/authorized_keys']);
  });

  test('warns of a key that has other rights', () => {
    const keys = [{ type: 'ssh-ed25519', blob: 'AAAA', comment: 'ci' }];
    const path = '/var/lib/pointsman/.ssh/authorized_keys';
    const files = {
      ...installed.files,
      [path]: { content: 'ssh-ed25519 AAAA me\n', rights: '600 pointsman:pointsman' },
    };
    expect(planInstall({ ...installed, files }, { ...question, keys }).findings).toMatchObject([
      { severity: 'warning', check: 'keys' },
    ]);
  });
});

describe('the plan for a later version', () => {
  const before: Partial<ServerFacts> = { currentVersion: '1.2.2', target: null, current: shipped };

  test('takes Node.js and Temporal over, and restarts the worker alone', () => {
    expect(planned(before)).toEqual([
      'unpack',
      'node from version',
      'temporal from version',
      'prove',
      'settle',
      'switch',
      'restart pointsman-worker',
    ]);
  });

  test('restarts Temporal when a person names another one', () => {
    const demanded = { ...local, temporal: { path: '/new', machine: 'x86_64', sha256: 'new', demanded: true } };
    expect(planned(before, { local: demanded })).toContain('restart pointsman-temporal');
    const same = { ...local, temporal: { path: '/same', machine: 'x86_64', sha256: 'temporal', demanded: true } };
    expect(planned(before, { local: same })).not.toContain('restart pointsman-temporal');
  });

  test('restarts Temporal when its command line is another', () => {
    const changed = { ...units, [temporalUnit]: 'temporal with more' };
    expect(planned(before, { units: changed })).toContain('restart pointsman-temporal');
  });

  test('restarts Temporal when the one that lies ready is another than the one that runs', () => {
    const other = { ...shipped, temporal: { link: null, version: 'temporal version 1.4.0', sha256: 'old' } };
    expect(planned({ currentVersion: '1.2.2', current: other })).toEqual([
      'switch',
      'restart pointsman-temporal',
      'restart pointsman-worker',
    ]);
  });
});
