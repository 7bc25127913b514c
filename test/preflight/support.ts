import type Docker from 'dockerode';
import type { ComposeConfig, ComposeService } from '../../src/docker/compose.js';
import type { ContainerState } from '../../src/docker/container.js';
import type { Command, CommandResult, Host } from '../../src/hosts/host.js';
import type { World } from '../../src/preflight/world.js';
import { settings } from '../support/settings.js';

/** How a command of the fake host ends; what is not said is that of a command that succeeds silently. */
export type Ending = Partial<Pick<CommandResult, 'exitCode' | 'stdout' | 'stderr'>>;

export interface FakeHost {
  /** Answers by the command's words. */
  readonly commands?: (words: string) => Ending;
  /** The part of the Docker client that the check asks. */
  readonly docker?: object;
  readonly freeBytes?: () => Promise<number>;
  /** Contents by path; none where it is not there. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A host that only knows what a test tells it; asking it anything else fails the test. */
export function fakeHost({ commands, docker, freeBytes, files }: FakeHost = {}): Host {
  const refuse = (): never => {
    throw new Error('the test did not expect this question');
  };
  return {
    name: 'web-1',
    docker: (docker ?? {}) as Docker,
    stateDirectory: '/nowhere',
    run: refuse,
    tryRun: (command) => Promise.resolve(ended(command, commands ? commands(command.argv.join(' ')) : refuse())),
    readFile: (path) => (files ? Promise.resolve(files[path] ?? null) : refuse()),
    writeFile: refuse,
    freeBytes: freeBytes ?? refuse,
    request: refuse,
  };
}

function ended(command: Command, ending: Ending): CommandResult {
  const usual = { exitCode: 0, signal: null, timedOut: false, cancelled: false, stdout: '', stderr: '', durationMs: 1 };
  return { command, ...usual, ...ending };
}

const slot: ComposeService = {
  image: 'shop:unreleased',
  healthcheck: { test: ['CMD', 'true'] },
  volumes: [{ type: 'volume', source: 'app-data', target: '/app/data' }],
};

/** The services of a project in which nothing is wrong. */
export const services = {
  'app-blue': { ...slot, profiles: ['blue'] },
  'app-green': { ...slot, profiles: ['green'] },
  router: {
    image: 'nginx:1.30',
    volumes: [{ type: 'volume', source: 'router-config', target: '/etc/nginx/conf.d' }],
  },
  litestream: {
    image: 'litestream/litestream:0.5.18',
    environment: { LITESTREAM_R2_BUCKET: 'shop-backups' },
    stop_grace_period: '35s',
    volumes: [
      { type: 'volume', source: 'app-data', target: '/app/data' },
      { type: 'bind', source: '/srv/shop/litestream.yml', target: '/etc/litestream.yml' },
    ],
  },
} satisfies ComposeConfig['services'];

/** A config of Litestream in which nothing is wrong. */
export const litestreamConfig = `
socket: { enabled: true, path: /var/run/litestream.sock }
dbs:
  - path: /app/data/app.db
    replica: { type: s3, bucket: "\${LITESTREAM_R2_BUCKET}", path: shop }
`;

/** The facts about a project that is in order, but for those that a test changes. */
export function world(changed: Partial<World> = {}): World {
  return {
    host: fakeHost({ files: { '/srv/shop/litestream.yml': litestreamConfig } }),
    settings,
    release: 'v2',
    kind: 'deploy',
    call: 'run-1',
    image: 'registry.example.org/shop:v2',
    config: { services, volumes: { 'app-data': { name: 'shop_app-data' } } },
    router: null,
    slots: { blue: null, green: null },
    live: null,
    variables: new Map([['LITESTREAM_R2_BUCKET', 'shop-backups']]),
    ...changed,
  };
}

/** The same project with one service changed, or without it. */
export function withService(name: string, service: ComposeService | null): World {
  const others = Object.entries<ComposeService>(services).filter(([other]) => other !== name);
  const changed = service ? [...others, [name, service] as const] : others;
  return world({
    config: {
      services: Object.fromEntries<ComposeService>(changed),
      volumes: { 'app-data': { name: 'shop_app-data' } },
    },
  });
}

export const running: ContainerState = {
  id: 'c0ffee',
  running: true,
  health: 'healthy',
  exitCode: 0,
  oomKilled: false,
  startedAt: '2026-11-23T09:23:34Z',
  restarts: 0,
  image: 'shop:v1',
  address: '172.18.0.2',
  environment: [],
};
