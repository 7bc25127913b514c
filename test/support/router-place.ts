import { mkdtemp, rm } from 'node:fs/promises';
import { request, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { expect, onTestFinished } from 'vitest';
import { findContainer, inspectContainer } from '../../src/docker/container.js';
import { LocalHost } from '../../src/hosts/local-host.js';
import type { RouterSettings, Settings } from '../../src/model/settings.js';
import { Nginx } from '../../src/router/nginx.js';

import { settings as usual } from './settings.js';
import { atFileEnd } from './at-file-end.js';
import { ownName } from './names.js';

/**
 * Keeps what was posted to it and tells it to whoever asks. `/slow` takes two seconds, `/stream` never ends, `/broken` is a 500,
 * `/socket` upgrades to a protocol that says back what it gets.
 */
const app = `
import json, os, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
written, arrived = [], []
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        arrived.append(self.path)
        if self.path == "/forget":
            written.clear()
            arrived.clear()
        if self.path == "/slow":
            time.sleep(2)
        if self.path == "/socket":
            return self.upgrade()
        if self.command != "GET" or self.path.startswith("/cart/"):
            written.append(self.path)
        endless = self.path == "/stream"
        body = b"" if endless else json.dumps(arrived if self.path == "/arrived" else written).encode()
        self.send_response(500 if self.path == "/broken" else 200)
        self.send_header("X-Release", os.environ["RELEASE"])
        if not endless:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        while endless:
            self.wfile.write(b"tick\\n" * 4000)
            time.sleep(0.1)
    def upgrade(self):
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "upgrade")
        self.end_headers()
        self.close_connection = True
        for line in self.rfile:
            self.wfile.write(line)
    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer
    def log_message(self, *_args):
        pass
ThreadingHTTPServer(("", 8000), Handler).serve_forever()
`;

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

export interface Asked {
  readonly headers?: Record<string, string>;
}

/** The two apps that the tests of a file have behind their routers: to start them takes two seconds. */
interface Apps {
  readonly project: string;
  readonly containers: readonly Docker.Container[];
}

let shared: Apps | null = null;

/** A router with an app behind it for each slot; the router is gone after the test, the apps after the file. */
export class RouterPlace {
  readonly host: LocalHost;
  readonly settings: Settings;
  address: string;

  private constructor(host: LocalHost, settings: Settings, address: string) {
    this.host = host;
    this.settings = settings;
    this.address = address;
  }

  /** @param config what the router serves at first. */
  static async create(config: string, change: Partial<Settings> = {}): Promise<RouterPlace> {
    const stateDirectory = await mkdtemp(join(tmpdir(), 'pointsman-router-'));
    onTestFinished(() => rm(stateDirectory, { recursive: true, force: true }));
    const host = new LocalHost({ stateDirectory });
    const { project } = await freshApps(host);
    return RouterPlace.withRouter(host, { ...usual, ...change, project }, config);
  }

  /** One more router in front of the same slots. */
  beside(router: RouterSettings, config: string): Promise<RouterPlace> {
    return RouterPlace.withRouter(this.host, { ...this.settings, router }, config);
  }

  private static async withRouter(host: LocalHost, settings: Settings, config: string): Promise<RouterPlace> {
    const router = await createRouter(host, settings);
    await (await Nginx.find(host, settings))?.place(config);
    await router.start();
    const { address } = await inspectContainer(host.docker, router.id);
    const place = new RouterPlace(host, settings, address ?? '');
    await expect
      .poll(() => place.ask('GET', '/').catch(() => null), { timeout: 30_000 })
      .toMatchObject({ status: 200 });
    return place;
  }

  /** The container of a service. */
  async container(service: string): Promise<Docker.Container> {
    const found = await findContainer(this.host.docker, this.settings.project, service);
    return this.host.docker.getContainer(found?.id ?? '');
  }

  /** Restarts the router, which may then have another address. */
  async restartRouter(): Promise<void> {
    const router = await this.container(this.settings.router.service);
    await router.restart({ t: 0 });
    this.address = (await inspectContainer(this.host.docker, router.id)).address ?? '';
  }

  /** A connection that was upgraded, as a WebSocket's is. */
  socket(headers: Record<string, string> = {}): Promise<Socket> {
    const { port } = this.settings.router;
    const upgrade = { Connection: 'Upgrade', Upgrade: 'websocket', ...headers };
    return new Promise((resolve, reject) => {
      const sent = request({ host: this.address, port, path: '/socket', headers: upgrade, agent: false });
      sent.once('error', reject).once('response', ({ statusCode }) => reject(new Error(`answered ${statusCode}`)));
      sent.once('upgrade', (_, socket) => {
        onTestFinished(() => void socket.destroy());
        resolve(socket);
      });
      sent.end();
    });
  }

  async nginx(): Promise<Nginx> {
    const nginx = await Nginx.find(this.host, this.settings);
    if (!nginx) throw new Error('the router was not found');
    return nginx;
  }

  /** The answer as soon as its head is there, on a connection of its own. */
  open(method: string, path: string, { headers = {} }: Asked = {}): Promise<IncomingMessage> {
    const { port } = this.settings.router;
    return new Promise((resolve, reject) => {
      const sent = request({ host: this.address, port, method, path, headers, agent: false });
      onTestFinished(() => void sent.destroy());
      sent.once('error', reject).once('response', resolve).end();
    });
  }

  /** A whole answer. */
  async ask(method: string, path: string, asked: Asked = {}): Promise<Answer> {
    const response = await this.open(method, path, asked);
    let body = '';
    for await (const piece of response.setEncoding('utf8')) body += String(piece);
    return { status: response.statusCode ?? 0, headers: response.headers as Answer['headers'], body };
  }

  /** Whether a request to this path is with the app of the live slot, answered or not. */
  async hasArrived(path: string): Promise<boolean> {
    return (JSON.parse((await this.ask('GET', '/arrived')).body) as string[]).includes(path);
  }

  /** What the app of the live slot has written. */
  async written(): Promise<string[]> {
    return JSON.parse((await this.ask('GET', '/search')).body) as string[];
  }
}

/** Those of the file, as if they had just been started; others where a test has ended one of them. */
async function freshApps(host: LocalHost): Promise<Apps> {
  if (shared && (await forgotten(host, shared))) return shared;
  const project = ownName('pm');
  const network = await host.docker.createNetwork({ Name: `${project}_default` });
  const settings = { ...usual, project };
  const containers = await Promise.all([
    startApp(host, settings, 'app-blue', 'v1'),
    startApp(host, settings, 'app-green', 'v2'),
  ]);
  shared = { project, containers };
  atFileEnd(async () => {
    shared = null;
    await Promise.all(containers.map((container) => container.remove({ force: true })));
    await network.remove();
  });
  return shared;
}

/** Has both forget what they were asked. `false`: one of them does not answer. */
async function forgotten({ docker }: LocalHost, { containers }: Apps): Promise<boolean> {
  const answers = containers.map(async ({ id }) => {
    const { address, running } = await inspectContainer(docker, id);
    return running && (await fetch(`http://${address}:8000/forget`)).ok;
  });
  return (await Promise.all(answers.map((answer) => answer.catch(() => false)))).every(Boolean);
}

async function startApp(
  host: LocalHost,
  settings: Settings,
  service: string,
  release: string,
): Promise<Docker.Container> {
  const container = await host.docker.createContainer({
    ...labelled(settings, service),
    Image: 'python:3.11-slim-bookworm',
    Cmd: ['python', '-c', app],
    Env: [`RELEASE=${release}`],
    HostConfig: { NetworkMode: `${settings.project}_default` },
    NetworkingConfig: { EndpointsConfig: { [`${settings.project}_default`]: { Aliases: [service] } } },
  });
  await container.start();
  return container;
}

async function createRouter(host: LocalHost, settings: Settings): Promise<Docker.Container> {
  const volume = `${settings.project}_${settings.router.service}-config`;
  await host.docker.createVolume({ Name: volume });
  onTestFinished(() => host.docker.getVolume(volume).remove({ force: true }));
  const container = await host.docker.createContainer({
    ...labelled(settings, settings.router.service),
    Image: 'nginx:1.30',
    HostConfig: {
      NetworkMode: `${settings.project}_default`,
      Mounts: [{ Type: 'volume', Source: volume, Target: settings.router.configDirectory }],
    },
  });
  onTestFinished(() => container.remove({ force: true, v: true }) as Promise<void>);
  return container;
}

/** As Compose names and labels it. */
function labelled({ project }: Settings, service: string) {
  const label = (name: string) => `com.docker.compose.${name}`;
  const Labels = { [label('project')]: project, [label('service')]: service, [label('oneoff')]: 'False' };
  return { name: `${project}-${service}-1`, Labels };
}
