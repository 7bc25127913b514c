import { describe, expect, test } from 'vitest';
import { checkServer } from '../../src/install/checks.js';
import { temporalUnit } from '../../src/install/layout.js';
import type { ServerFacts } from '../../src/install/server-facts.js';
import { bare, installed } from './server.js';

function found(facts: Partial<ServerFacts>, start = true): string[] {
  return checkServer({ ...bare, ...facts }, { start }).map(({ check, message }) => `${check}: ${message}`);
}

describe('a server', () => {
  test('with Docker and systemd is fit, also when it is set up already', () => {
    expect(found({})).toEqual([]);
    expect(found(installed)).toEqual([]);
  });

  const unfit: [facts: Partial<ServerFacts>, message: string][] = [
    [{ uid: 1000 }, 'root: This is not root.'],
    [{ system: 'Darwin' }, 'linux: The server runs Darwin.'],
    [{ glibc: null }, 'glibc: Its C library is not glibc.'],
    [{ systemd: false }, 'systemd: systemd does not run there.'],
    [{ dockerCli: false }, 'docker: The docker command is not there.'],
    [{ dockerEngine: null }, 'engine: Docker Engine does not answer.'],
    [{ dockerGroup: false }, 'docker-group: There is no group docker.'],
    [{ compose: null }, 'compose: Compose v2 is not there.'],
    [{ compose: '1.29.2' }, 'compose: Compose is 1.29.2.'],
    [{ freeBytes: 2 ** 30 - 1 }, 'disk: Only 1023 MiB are free where /opt lies.'],
    [{ listening: [7237] }, 'ports: Port 7237 is taken by another program.'],
    [{ listening: [8237] }, 'ports: Port 8237 is taken by another program.'],
    [{ clockOffsetSeconds: 61 }, 'clock: Its clock is 61 s ahead of this machine’s.'],
    [{ clockOffsetSeconds: -90 }, 'clock: Its clock is 90 s behind this machine’s.'],
  ];
  test.each(unfit)('with %o is told what is wrong', (facts, message) => {
    expect(found(facts)).toEqual([message]);
  });

  test('is told everything at once', () => {
    expect(found({ uid: 1000, systemd: false, dockerCli: false, freeBytes: 0, listening: [7237, 8237] })).toHaveLength(
      6,
    );
  });

  test('need not run systemd when nothing is to be started', () => {
    expect(found({ systemd: false }, false)).toEqual([]);
  });

  test('may have its ports taken by the Temporal that is ours, and by no other', () => {
    const stopped = { ...installed.units, [temporalUnit]: { active: false, enabled: true } };
    expect(found({ ...installed, units: stopped })).toHaveLength(2);
  });
});
