import { describe, expect, test } from 'vitest';
import { LocalHost } from '../../src/hosts/local-host.js';
import { gatherFacts } from '../../src/install/server-facts.js';
import { gatherLocalFacts } from '../../src/install/local-facts.js';

describe('what is asked of a server', () => {
  test('is answered by this machine as well', async () => {
    const facts = await gatherFacts(new LocalHost({ stateDirectory: '/nonexistent' }), '0.0.0-none');
    expect(facts).toMatchObject({ uid: process.getuid?.(), system: 'Linux', target: null });
    expect(Math.abs(facts.clockOffsetSeconds)).toBeLessThanOrEqual(1);
    expect(facts.freeBytes).toBeGreaterThan(0);
  });
});

describe('what this machine could ship', () => {
  test('is this Node.js, with its machine', async () => {
    const { node, temporal } = await gatherLocalFacts(null);
    expect(node).toMatchObject({ path: process.execPath, version: process.version });
    expect(node.machine).toBe(process.arch === 'arm64' ? 'aarch64' : 'x86_64');
    expect(temporal).toBeNull();
  });

  test('is no Temporal that is not a program', async () => {
    const { temporal } = await gatherLocalFacts({ path: import.meta.filename, demanded: false });
    expect(temporal).toMatchObject({ machine: null });
    await expect(gatherLocalFacts({ path: '/nonexistent', demanded: true })).rejects.toThrow(
      'the Temporal CLI /nonexistent cannot be read',
    );
  });
});
