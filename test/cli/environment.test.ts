import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readEnvironment } from '../../src/cli/environment.js';
import { Exit, exitCodes } from '../../src/cli/exit-codes.js';

async function directory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'pointsman-environment-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

async function program(name: string): Promise<string> {
  const path = join(await directory(), name);
  await writeFile(path, '#!/bin/sh\n');
  await chmod(path, 0o755);
  return path;
}

describe('Temporal', () => {
  test('is embedded, with its default ports, when no address is configured', () => {
    expect(readEnvironment({ POINTSMAN_HOME: '/state', POINTSMAN_CACHE: '/nowhere' }).temporal).toEqual({
      kind: 'embedded',
      stateDirectory: '/state',
      port: 7237,
      uiPort: 8237,
      cli: null,
    });
  });

  test('is embedded also when CI hands over an empty address', () => {
    expect(readEnvironment({ TEMPORAL_ADDRESS: '', TEMPORAL_API_KEY: '' }).temporal.kind).toBe('embedded');
  });

  test('is the configured one when there is an address, and empty variables are left out', () => {
    const { temporal } = readEnvironment({ TEMPORAL_ADDRESS: 'temporal.example.org:7233', TEMPORAL_API_KEY: '' });
    expect(temporal).toEqual({ kind: 'external', variables: { TEMPORAL_ADDRESS: 'temporal.example.org:7233' } });
  });

  test('is the configured one when there is a profile', () => {
    expect(readEnvironment({ TEMPORAL_PROFILE: 'production' }).temporal.kind).toBe('external');
  });

  test('is a usage error when its configuration file does not exist', () => {
    const read = () => readEnvironment({ TEMPORAL_CONFIG_FILE: '/nowhere/temporal.toml' });
    const message = 'TEMPORAL_CONFIG_FILE names /nowhere/temporal.toml, which does not exist.';
    expect(read).toThrow(new Exit(exitCodes.usage, message));
  });

  test('is a usage error when its port is not a port', () => {
    for (const port of ['abc', '0', '70000', '72.5']) {
      const read = () => readEnvironment({ POINTSMAN_TEMPORAL_PORT: port });
      expect(read).toThrow(`POINTSMAN_TEMPORAL_PORT must be a port number (1 to 65535), not ${port}.`);
    }
  });
});

describe("Temporal's command line", () => {
  test('is the named one before the one on the PATH', async () => {
    const [named, onPath] = [await program('temporal'), await program('temporal')];
    const { temporal } = readEnvironment({ POINTSMAN_TEMPORAL_CLI: named, PATH: join(onPath, '..') });
    expect(temporal).toMatchObject({ cli: named });
  });

  test('is the one on the PATH before the one that script/setup installed', async () => {
    const onPath = await program('temporal');
    const { temporal } = readEnvironment({ PATH: `/nowhere:${join(onPath, '..')}`, POINTSMAN_CACHE: '/nowhere' });
    expect(temporal).toMatchObject({ cli: onPath });
  });
});

describe('who asks', () => {
  test('is the user and the job of GitLab', () => {
    const { requestedBy, release } = readEnvironment({
      GITLAB_USER_LOGIN: 'ada',
      CI_JOB_URL: 'https://gitlab.example.org/shop/-/jobs/7',
      CI_COMMIT_SHORT_SHA: 'a1b2c3d4',
    });
    expect(requestedBy).toBe('ada (https://gitlab.example.org/shop/-/jobs/7)');
    expect(release).toBe('a1b2c3d4');
  });

  test('is the actor and the run of GitHub', () => {
    const { requestedBy, release } = readEnvironment({
      GITHUB_ACTOR: 'ada',
      GITHUB_SERVER_URL: 'https://github.com',
      GITHUB_REPOSITORY: 'ada/shop',
      GITHUB_RUN_ID: '42',
      GITHUB_SHA: 'a1b2c3d4e5f60718293a4b5c6d7e8f9012345678',
    });
    expect(requestedBy).toBe('ada (https://github.com/ada/shop/actions/runs/42)');
    expect(release).toBe('a1b2c3d4');
  });

  test('is the user of this machine outside CI, and CI names no release', () => {
    expect(readEnvironment({})).toMatchObject({
      requestedBy: `${userInfo().username}@${hostname()}`,
      release: null,
    });
  });
});
