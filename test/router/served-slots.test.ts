import { describe, expect, test } from 'vitest';
import { leadsTo } from '../../src/router/served-slots.js';

describe('a port of the host', () => {
  // Docker gives free ports out for IPv4 and IPv6 apart, so that one slot's may be the other's there.
  const blue = { hosts: ['app-blue'], ports: [32801], portsOverIpv6: [32800] };
  const green = { hosts: ['app-green'], ports: [32802], portsOverIpv6: [32801] };

  test('leads to the slot that has it over IPv4, where an IPv4 address or a name stands before it', () => {
    for (const address of ['172.18.0.1:32801', 'localhost:32801', 'host.docker.internal:32801']) {
      expect([leadsTo(address, blue), leadsTo(address, green)], address).toEqual([true, false]);
    }
  });

  test('leads to the slot that has it over IPv6, where an IPv6 address stands before it', () => {
    expect([leadsTo('[fd00::1]:32801', blue), leadsTo('[fd00::1]:32801', green)]).toEqual([false, true]);
  });

  test('is the same over both where nothing else is known', () => {
    const both = { hosts: [], ports: [8001] };
    expect([leadsTo('[fd00::1]:8001', both), leadsTo('172.18.0.1:8001', both)]).toEqual([true, true]);
  });
});
