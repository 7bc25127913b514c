import { describe, expect, test } from 'vitest';
import type { LocalFacts } from '../../src/install/local-facts.js';
import { planNode, planTemporal, type BinaryPlan, type NoWay } from '../../src/install/plan-binaries.js';
import type { ServerFacts } from '../../src/install/server-facts.js';
import { bare, local, shipped } from './server.js';

type Changed<T> = { readonly [K in keyof T]?: T[K] };

function ask(
  plan: typeof planNode,
  facts: Changed<ServerFacts>,
  mine: Changed<LocalFacts> = {},
  anew = true,
): BinaryPlan['source'] | NoWay {
  const answer = plan({ facts: { ...bare, ...facts }, local: { ...local, ...mine }, version: '1.2.3', anew });
  return 'problem' in answer ? answer : answer.source;
}

const arm = { machine: 'aarch64' };

describe('Node.js', () => {
  const own = { path: '/usr/bin/node', version: 'v22.14.0' };

  test('is the server’s own where that is recent enough', () => {
    expect(ask(planNode, { node: own })).toEqual({ from: 'server', path: '/usr/bin/node' });
    const linked = { ...shipped, node: { link: '/usr/bin/node', version: 'v22.14.0', sha256: '' } };
    expect(ask(planNode, { node: own, target: linked }, {}, false)).toEqual({ from: 'here' });
  });

  test.each(['v20.10.0', 'v18.20.8', 'nonsense'])('is shipped where the server’s own is %s', (version) => {
    expect(ask(planNode, { node: { ...own, version } })).toEqual({ from: 'this-machine', path: '/usr/bin/node' });
  });

  test('stays where it was shipped before, and is replaced when this machine’s is another', () => {
    expect(ask(planNode, { target: shipped }, {}, false)).toEqual({ from: 'here' });
    const node = { ...local.node, version: 'v22.1.0' };
    expect(ask(planNode, { target: shipped }, { node }, false)).toEqual({
      from: 'this-machine',
      path: '/usr/bin/node',
    });
  });

  test('stays also where this machine could not replace it', () => {
    expect(ask(planNode, { ...arm, target: shipped }, {}, false)).toEqual({ from: 'here' });
  });

  const impossible: [what: string, facts: Changed<ServerFacts>, mine: Changed<LocalFacts>, problem: string][] = [
    ['machines differ', arm, {}, 'The server has no Node.js, and the one of this machine is for x86_64, not aarch64.'],
    [
      'this machine has musl',
      {},
      { node: { ...local.node, glibc: false } },
      'The server has no Node.js, and the one of this machine was not built for glibc.',
    ],
    [
      'the server’s is old and machines differ',
      { ...arm, node: { ...own, version: 'v18.0.0' } },
      {},
      'The server’s Node.js is v18.0.0, and the one of this machine is for x86_64, not aarch64.',
    ],
    [
      'this machine’s is old',
      {},
      { node: { ...local.node, version: 'v20.9.0' } },
      'The server has no Node.js, and the one of this machine is v20.9.0.',
    ],
  ];
  test.each(impossible)('is asked for when %s', (_, facts, mine, problem) => {
    expect(ask(planNode, facts, mine)).toEqual({ problem, fix: 'Install Node.js 20.11.0 or later there.' });
  });
});

describe('the Temporal CLI', () => {
  const own = { path: '/usr/bin/temporal', version: 'temporal version 1.5.1' };

  test('is the server’s own before anything else', () => {
    const facts = { temporal: own, canDownloadTemporal: true, current: shipped };
    expect(ask(planTemporal, facts)).toEqual({ from: 'server', path: '/usr/bin/temporal' });
  });

  test('stays as it was installed, so that running deploys need not wait for another', () => {
    const facts = { current: shipped, canDownloadTemporal: true };
    expect(ask(planTemporal, facts)).toEqual({ from: 'version', path: '/opt/pointsman/current/bin/temporal' });
    expect(ask(planTemporal, { ...facts, target: shipped }, {}, false)).toEqual({ from: 'here' });
  });

  test('is downloaded by the server, for its own machine', () => {
    const url = 'https://temporal.download/cli/archive/latest?platform=linux&arch=';
    expect(ask(planTemporal, { canDownloadTemporal: true })).toEqual({ from: 'download', url: `${url}amd64` });
    expect(ask(planTemporal, { ...arm, canDownloadTemporal: true })).toEqual({ from: 'download', url: `${url}arm64` });
  });

  test('is shipped where the server cannot download it', () => {
    expect(ask(planTemporal, {})).toEqual({ from: 'this-machine', path: '/cache/temporal' });
  });

  test('is the one that a person names, before the server’s own', () => {
    const temporal = { path: '/named', machine: 'x86_64', sha256: 'named', demanded: true };
    expect(ask(planTemporal, { temporal: own }, { temporal })).toEqual({ from: 'this-machine', path: '/named' });
    const named = { ...temporal, machine: null };
    expect(ask(planTemporal, { temporal: own }, { temporal: named })).toEqual({
      problem: '/named is no Linux program for x86_64, which the server is.',
      fix: 'Name a Temporal CLI for that machine, or none.',
    });
  });

  test('is asked for where there is no way to get it', () => {
    for (const [facts, mine] of [
      [arm, {}],
      [{}, { temporal: null }],
    ] as const) {
      expect(ask(planTemporal, facts, mine)).toMatchObject({ fix: expect.stringContaining('--temporal') as string });
    }
  });
});
