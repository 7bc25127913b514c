import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, beforeEach, afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { LocalHost } from '../../src/hosts/local-host.js';
import type { Finding } from '../../src/model/finding.js';
import type { Settings } from '../../src/model/settings.js';
import { runPreflight } from '../../src/preflight/index.js';
import { askLive } from '../../src/router/live-slot.js';
import { Nginx } from '../../src/router/nginx.js';
import { renderLiveConfig } from '../../src/router/nginx-config.js';
import { runStep } from '../support/run-step.js';
import { settings as usual } from '../support/settings.js';
import { ownName } from '../support/names.js';

// A set-up made by hand, as it is before pointsman is first used: both slots run, and a router with a config of its user's.
let directory: string;
let host: LocalHost;
let settings: Settings;

const slot = `image: nginx:1.30
    healthcheck: { test: [CMD, 'true'], interval: 1s }`;
const compose = `services:
  app-blue:
    profiles: [blue]
    ${slot}
  app-green:
    profiles: [green]
    ${slot}
  router:
    image: nginx:1.30
    volumes: ['./conf.d:/etc/nginx/conf.d', './snippets:/etc/nginx/snippets:ro']
`;
const file = (): string => join(directory, 'conf.d/default.conf');
const upstreams = 'upstream blue { server app-blue:80; }\nupstream green { server app-green:80; }\n';
const server = (inside: string): string => `server {\n  listen 5000;\n${inside}}\n`;
const toBlue = '  location / { proxy_pass http://blue; }\n';

async function docker(...args: string[]): Promise<void> {
  await execa('docker', ['compose', '-p', settings.project, '--profile', '*', ...args], { cwd: directory });
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pointsman-first-'));
  host = new LocalHost({ stateDirectory: join(directory, 'state') });
  settings = {
    ...usual,
    project: ownName('pm'),
    directory,
    image: 'nginx:{release}',
    envFile: null,
    replica: null,
    database: null,
    router: { ...usual.router, upstreamPort: 80 },
  };
  await mkdir(join(directory, 'conf.d'));
  await mkdir(join(directory, 'snippets/server'), { recursive: true });
  await writeFile(join(directory, 'compose.yml'), compose);
  await writeFile(file(), upstreams + server(toBlue));
  await docker('up', '-d', '--wait');
});

afterAll(async () => {
  await docker('down', '-v', '--timeout', '0');
  await rm(directory, { recursive: true, force: true });
});

beforeEach(async () => {
  await execa('find', [join(directory, 'conf.d'), join(directory, 'snippets'), '-type', 'f', '-delete']);
});

/** The user's own file, which nginx has loaded. */
async function written(config: string, more: Readonly<Record<string, string>> = {}): Promise<void> {
  await writeFile(file(), config);
  for (const [name, text] of Object.entries(more)) await writeFile(join(directory, name), text);
  await (await Nginx.find(host, settings))?.reload();
}

/** What preflight says of the router and the slots. */
async function said(): Promise<Finding[]> {
  const { findings } = await runPreflight(host, settings, { release: '1.30', kind: 'deploy' });
  return findings.filter(({ check }) => ['router-config', 'leftover-slot', 'which-slot'].includes(check));
}

/** All that a deploy would have to leave alone. */
const untouched = async (): Promise<string> =>
  (
    await execa(
      'sh',
      [
        '-c',
        'cat conf.d/*; ls conf.d; docker ps -q --filter "label=com.docker.compose.project=$0" | sort',
        settings.project,
      ],
      { cwd: directory },
    )
  ).stdout;

describe('a router whose config its user has written', () => {
  test('is not taken over where that would lose a header or a location, and nothing is touched', async () => {
    const config =
      upstreams + server(`  add_header X-Own "a; b" always;\n  location /static/ { root /srv; }\n${toBlue}`);
    await written(config);
    const before = await untouched();
    expect(await said()).toMatchObject([
      {
        severity: 'error',
        message:
          "The router's /etc/nginx/conf.d/default.conf was not written by pointsman, and this in it would be lost: default.conf:5 add_header X-Own a; b always; default.conf:6 location /static/.",
      },
      { severity: 'warning', message: 'app-green runs though the router serves blue.' },
    ]);
    await expect(runStep({ host, settings }, 'bootstrapRouter')).rejects.toMatchObject({ type: 'PreflightFailed' });
    expect(await untouched()).toBe(before);
  });

  test('is taken over once all of that stands in snippets, and the file is kept for ever', async () => {
    const own = { ...settings, router: { ...settings.router, snippets: '/etc/nginx/snippets' } };
    const config =
      upstreams + server(`  keepalive_min_timeout 2s;\n  include /etc/nginx/snippets/server/*.conf;\n${toBlue}`);
    await written(config, {
      'snippets/server/own.conf': 'add_header X-Own 1 always;\nlocation /static/ { root /srv; }\n',
    });
    const { findings } = await runPreflight(host, own, { release: '1.30', kind: 'deploy' });
    expect(findings.filter(({ check }) => check === 'router-config')).toMatchObject([
      { severity: 'warning', fix: 'It is kept beside it as default.conf.before-pointsman.' },
    ]);
    expect(await runStep({ host, settings: own }, 'bootstrapRouter')).toMatchObject({
      config: 'kept',
      live: { slot: 'blue', release: null },
    });
    const nginx = await Nginx.find(host, own);
    const live = { slot: 'blue', release: 'v1' } as const;
    const next = renderLiveConfig({ live, service: 'app-blue', upstreamPort: 80, port: 5000, modern: true });
    await nginx?.install(next, '20261129T000000Z');
    await nginx?.install(next.replace('v1', 'v2'), '20261129T000001Z');
    await nginx?.removePrevious('20261129T000001Z');
    expect(await readFile(`${file()}.before-pointsman`, 'utf8')).toBe(config);
    // A second one of the user's is kept too, beside the first.
    await writeFile(file(), server(toBlue) + upstreams);
    await nginx?.install(next, '20261129T000002Z');
    expect(await readFile(`${file()}.before-pointsman`, 'utf8')).toBe(config);
    expect(await readFile(`${file()}.before-pointsman.20261129T000002Z`, 'utf8')).toBe(server(toBlue) + upstreams);
  });

  test('is told to keep its connections before it is replaced, where it has nothing for that', async () => {
    await written(upstreams + server(toBlue));
    const [finding] = await said();
    expect(finding?.severity).toBe('warning');
    expect(finding?.fix).toContain('Put "keepalive_min_timeout 2s;" into its server and reload nginx first');
  });

  test.each<[string, string, string]>([
    [
      'a variable that only a request gives its value',
      server('  location / { proxy_pass http://app-$cookie_slot; resolver 127.0.0.11; }\n'),
      'default.conf:3 proxy_pass http://app-$cookie_slot',
    ],
    [
      'a map that leads to both slots',
      `map $cookie_slot $slot { default app-blue; g app-green; }\n${server('  resolver 127.0.0.11;\n  location / { proxy_pass http://$slot; }\n')}`,
      'default.conf:5 proxy_pass http://$slot',
    ],
    [
      'an upstream with both slots',
      `upstream app { server app-blue:80; server app-green:80; }\n${server('  location / { proxy_pass http://app; }\n')}`,
      'default.conf:4 proxy_pass http://app',
    ],
    ['no slot at all', server('  location / { return 200 ok; }\n'), 'it sends requests to neither slot'],
  ])('is not taken over where it leads to %s: which slot is live cannot be told', async (_, config, seen) => {
    await written(config);
    const before = await untouched();
    const [finding] = await said();
    expect(finding).toMatchObject({
      severity: 'error',
      message: `The router's /etc/nginx/conf.d/default.conf was not written by pointsman, and which slot is live cannot be told from it: ${seen}.`,
    });
    await expect(runStep({ host, settings }, 'bootstrapRouter')).rejects.toMatchObject({ type: 'PreflightFailed' });
    expect(await untouched()).toBe(before);
  });

  test.each<[string, string]>([
    ['both slots as upstreams', upstreams + server(toBlue.replace('blue', 'green'))],
    [
      'a variable',
      server('  resolver 127.0.0.11;\n  set $up app-green;\n  location / { proxy_pass http://$up:80; }\n'),
    ],
    [
      'an upstream with a backup',
      `upstream app { server app-green:80; server app-blue:80 backup; }\n${server('  location / { proxy_pass http://app; }\n')}`,
    ],
    [
      'one that is marked as down',
      `upstream app { server app-green:80; server app-blue:80 down; }\n${server('  location / { proxy_pass http://app; }\n')}`,
    ],
  ])('tells by %s which slot is live', async (_, config) => {
    await written(config);
    expect(await askLive(host, settings)).toEqual({ slot: 'green', release: null });
    expect((await said()).map(({ severity }) => severity)).toEqual(['warning', 'warning']);
  });

  test('tells it by the address and by the name of a container, and by what a script includes', async () => {
    const container = `${settings.project}-app-green-1`;
    const { stdout } = await execa('docker', [
      'inspect',
      '-f',
      '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}',
      container,
    ]);
    for (const target of [stdout, container]) {
      await written(server('  location / { include /etc/nginx/conf.d/active.inc; }\n'), {
        'conf.d/active.inc': `proxy_pass http://${target}:80;\n`,
      });
      expect(await askLive(host, settings)).toEqual({ slot: 'green', release: null });
    }
  });

  test('is not joined by a second server on its port in another file', async () => {
    await written('', { 'conf.d/app.conf': upstreams + server(toBlue) });
    expect(await said()).toMatchObject([
      {
        severity: 'error',
        message: "Another file of the router has a server on port 5000, where pointsman's is to be: app.conf:3 server.",
      },
      { check: 'leftover-slot', severity: 'warning' },
    ]);
    await expect(runStep({ host, settings }, 'bootstrapRouter')).rejects.toMatchObject({ type: 'PreflightFailed' });
  });
});

describe('two slots that both run', () => {
  test('are both left alone where no router tells which of them is live', async () => {
    await docker('rm', '-sf', 'router');
    onTestFinished(async () => docker('up', '-d', 'router'));
    expect(await said()).toMatchObject([
      {
        severity: 'error',
        message: 'app-blue and app-green both run, and no router tells which of them is live.',
        fix: `Stop the one that is not: docker compose -p ${settings.project} stop app-green (or app-blue).`,
      },
    ]);
    const before = await untouched();
    await expect(runStep({ host, settings }, 'bootstrapRouter')).rejects.toMatchObject({ type: 'PreflightFailed' });
    expect(await untouched()).toBe(before);
  });
});
