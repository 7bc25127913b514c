import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { execa } from 'execa';
import { expect, onTestFinished } from 'vitest';
import { inspectContainer } from '../../src/docker/container.js';
import { LocalHost } from '../../src/hosts/local-host.js';
import type { Settings } from '../../src/model/settings.js';
import { Nginx } from '../../src/router/nginx.js';
import { askRouter, type Told } from './ask-router.js';
import { atFileEnd } from './at-file-end.js';
import { certificate } from './certificate.js';
import type { SlotPlaces } from './hand-made-routers.js';
import { ownName } from './names.js';
import { settings as usual } from './settings.js';

/** Tells all that it is asked, as it has arrived; `/go` sends away to an address of its own name. */
export const echoApp = `
import json, os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        told = ["Host", "X-Real-IP", "X-Forwarded-For", "X-Forwarded-Proto", "X-From", "X-Admin"]
        body = json.dumps({"slot": os.environ["SLOT"], "path": self.path, **{name: self.headers.get_all(name) for name in told}}).encode()
        self.send_response(302 if self.path.endswith("/go") else 200)
        if self.path.endswith("/go"):
            self.send_header("Location", "http://%s/landed" % self.headers["Host"])
        self.send_header("Content-Type", "application/json")
        self.send_header("X-Release", os.environ.get("RELEASE", "v1"))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_args):
        pass
ThreadingHTTPServer(("", 8000), Handler).serve_forever()
`;

/** A router in front of two apps, with whatever files somebody has put into it. */
export class HandMadePlace {
  readonly settings: Settings;
  readonly host: LocalHost;
  private readonly router: Docker.Container;
  private readonly address: string;

  private constructor(
    host: LocalHost,
    settings: Settings,
    { router, address }: { router: Docker.Container; address: string },
  ) {
    this.host = host;
    this.settings = settings;
    this.router = router;
    this.address = address;
  }

  static async create(apps: Apps, router: Partial<Settings['router']>): Promise<HandMadePlace> {
    const settings = { ...usual, project: apps.project, router: { ...usual.router, ...router } };
    const container = await createContainer(apps, 'router', { Image: 'nginx:1.30' });
    onTestFinished(() => container.remove({ force: true, v: true }) as Promise<void>);
    await container.start();
    const { address } = await inspectContainer(apps.host.docker, container.id);
    await execa('docker', ['exec', container.id, 'mkdir', '-p', '/etc/nginx/tls']);
    for (const name of ['cert.pem', 'key.pem']) {
      await execa('docker', ['cp', '-q', join(apps.directory, name), `${container.id}:/etc/nginx/tls/${name}`]);
    }
    return new HandMadePlace(apps.host, settings, { router: container, address: address ?? '' });
  }

  /** With other settings of its router. */
  with(router: Partial<Settings['router']>): HandMadePlace {
    const settings = { ...this.settings, router: { ...this.settings.router, ...router } };
    return new HandMadePlace(this.host, settings, { router: this.router, address: this.address });
  }

  async nginx(): Promise<Nginx> {
    const nginx = await Nginx.find(this.host, this.settings);
    if (!nginx) throw new Error('the router was not found');
    return nginx;
  }

  /** Writes files, or links where a text is `-> /path`. */
  async write(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [path, text] of Object.entries(files)) {
      const script = text.startsWith('-> ') ? 'ln -sf "$2" "$1"' : 'cat > "$1"';
      const argv = ['sh', '-c', `mkdir -p "\${1%/*}" && ${script}`, 'sh', path, text.replace(/^-> /, '')];
      await execa('docker', ['exec', '-i', this.router.id, ...argv], { input: text });
    }
  }

  async move(path: string): Promise<void> {
    await execa('docker', ['exec', this.router.id, 'mv', path, `${path}.before-pointsman`]);
  }

  /** Has nginx take what is there, and waits until nothing else answers. */
  async reload(): Promise<void> {
    const nginx = await this.nginx();
    await execa('docker', ['exec', this.router.id, 'nginx', '-t']);
    const old = await nginx.workers();
    await nginx.reload();
    await expect.poll(() => nginx.remaining(old), { timeout: 30_000 }).toEqual([]);
  }

  /** The whole answer to `http://name:port/path`. */
  ask(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Told> {
    return askRouter(this.address, { url, headers });
  }
}

/** The two apps of a file. */
export interface Apps extends SlotPlaces {
  readonly host: LocalHost;
  /** With a certificate for the router. */
  readonly directory: string;
}

/** They are gone after the file. */
export async function startApps(): Promise<Apps> {
  const directory = await mkdtemp(join(tmpdir(), 'pointsman-takeover-'));
  atFileEnd(() => rm(directory, { recursive: true, force: true }));
  await certificate(directory, 'shop.example');
  const host = new LocalHost({ stateDirectory: directory });
  const project = ownName('pm');
  const network = await host.docker.createNetwork({ Name: `${project}_default` });
  const apps = { host, directory, project, address: '', published: '' };
  const containers = await Promise.all(['blue', 'green'].map((slot) => startApp(apps, slot)));
  atFileEnd(async () => {
    await Promise.all(containers.map((container) => container.remove({ force: true })));
    await network.remove();
  });
  const [blue] = containers;
  const { NetworkSettings } = (await blue?.inspect()) ?? {};
  const [found] = Object.values(NetworkSettings?.Networks ?? {});
  const port = NetworkSettings?.Ports['8000/tcp']?.[0]?.HostPort;
  return { ...apps, address: found?.IPAddress ?? '', published: `${found?.Gateway}:${port}` };
}

async function startApp(apps: Apps, slot: string): Promise<Docker.Container> {
  const container = await createContainer(apps, `app-${slot}`, {
    Image: 'python:3.11-slim-bookworm',
    Cmd: ['python', '-c', echoApp],
    Env: [`SLOT=${slot}`],
    ExposedPorts: { '8000/tcp': {} },
  });
  await container.start();
  return container;
}

/** As Compose names and labels it. */
function createContainer({ host, project }: Apps, service: string, options: Docker.ContainerCreateOptions) {
  const label = (name: string) => `com.docker.compose.${name}`;
  return host.docker.createContainer({
    ...options,
    name: `${project}-${service}-1`,
    Labels: { [label('project')]: project, [label('service')]: service, [label('oneoff')]: 'False' },
    HostConfig: { NetworkMode: `${project}_default`, PortBindings: { '8000/tcp': [{ HostPort: '' }] } },
    NetworkingConfig: { EndpointsConfig: { [`${project}_default`]: { Aliases: [service] } } },
  });
}
